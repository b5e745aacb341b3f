import { describe, expect, it } from 'vitest';
import { addressText, parseTarget } from '../../src/client/target.ts';

describe('a target', () => {
  it.each([
    ['127.0.0.1:4317', '127.0.0.1:4317', undefined, ['127.0.0.1:4317']],
    ['127.0.0.1', '127.0.0.1', undefined, ['127.0.0.1:443']],
    ['[::1]:4317', '[::1]:4317', undefined, ['[::1]:4317']],
    ['::1', '::1', undefined, ['[::1]:443']],
    ['dns:127.0.0.1:1', '127.0.0.1:1', undefined, ['127.0.0.1:1']],
    ['dns:///127.0.0.1:1', '127.0.0.1:1', undefined, ['127.0.0.1:1']],
    ['dns://8.8.8.8/127.0.0.1:1', '127.0.0.1:1', undefined, ['127.0.0.1:1']],
    ['passthrough:///127.0.0.1:1', '127.0.0.1:1', undefined, ['127.0.0.1:1']],
    ['ipv4:10.0.0.1:1,10.0.0.2', '10.0.0.1:1,10.0.0.2', undefined, ['10.0.0.1:1', '10.0.0.2:443']],
    ['ipv6:[::1]:1', '[::1]:1', undefined, ['[::1]:1']],
    ['unix:relative/path', 'localhost', undefined, ['relative/path']],
    ['unix:/a/b', 'localhost', undefined, ['/a/b']],
    ['unix:///a/b', 'localhost', undefined, ['/a/b']],
  ])('%s is taken apart', async (text, authority, serverName, addresses) => {
    const target = parseTarget(text);
    expect([target.authority, target.serverName, (await target.resolve()).map(addressText)]).toEqual([
      authority,
      serverName,
      addresses,
    ]);
  });

  it('of a name is asked for by that name', () => {
    const { authority, serverName } = parseTarget('dns:///backend.test:4317');
    expect([authority, serverName]).toEqual(['backend.test:4317', 'backend.test']);
  });

  it.each(['', 'a b:1', 'host:99999', 'host:1:2', 'ipv4:'])('"%s" is none', (text) => {
    expect(() => parseTarget(text)).toThrow(new TypeError(`"${text.replace('ipv4:', '')}" is not host:port`));
  });
});
