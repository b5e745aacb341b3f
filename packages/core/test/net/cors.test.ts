import type { IncomingMessage } from 'node:http';
import { describe, expect, it } from 'vitest';
import { Cors } from '../../src/net/cors.ts';

const request = (method: string, headers: Record<string, string>) =>
  ({ method, headers }) as unknown as IncomingMessage;

const config = {
  allowed_origins: ['https://*.test.com', 'https://Test.com'],
  allowed_headers: [],
  exposed_headers: [],
  max_age: 0,
};

const VARY = ['Vary', 'Origin, Access-Control-Request-Method, Access-Control-Request-Headers'];

/** The answer to a preflight request, as an object. */
function preflight(cors: Cors, origin: string, headers?: string, method = 'POST'): unknown {
  const asked = request('OPTIONS', {
    origin,
    'access-control-request-method': method,
    ...(headers === undefined ? {} : { 'access-control-request-headers': headers }),
  });
  expect(cors.isPreflight(asked)).toBe(true);
  const answer = cors.preflightHeaders(asked);
  expect(answer.slice(0, 2)).toEqual(VARY);
  return asObject(answer.slice(2));
}

const asObject = (headers: readonly string[]) =>
  Object.fromEntries(headers.flatMap((name, at) => (at % 2 === 0 ? [[name, headers[at + 1]]] : [])));

describe('a preflight request', () => {
  it('is permitted for the origins of the list, whatever their case', () => {
    const permitted = (origin: string) => ({
      'Access-Control-Allow-Origin': origin,
      'Access-Control-Allow-Credentials': 'true',
      'Access-Control-Allow-Methods': 'POST',
    });
    const cors = new Cors(config);
    for (const origin of ['https://www.test.com', 'https://a.b.TEST.com', 'https://test.com']) {
      expect(preflight(cors, origin)).toEqual(permitted(origin));
    }
    for (const origin of [
      'https://wwwtest.com',
      'http://www.test.com',
      'https://test.com.evil.com',
      'null',
      '',
    ]) {
      expect(preflight(cors, origin)).toEqual({});
    }
  });

  it('is permitted for the simple headers and X-Requested-With where none are listed', () => {
    const cors = new Cors(config);
    expect(preflight(cors, 'https://test.com', 'content-type, x-requested-with')).toMatchObject({
      'Access-Control-Allow-Headers': 'content-type, x-requested-with',
    });
    expect(preflight(cors, 'https://test.com', 'x-tenant')).toEqual({});
  });

  it('is permitted for the headers of the list, and for all with a star', () => {
    const listed = new Cors({ ...config, allowed_headers: ['X-Tenant'] });
    expect(preflight(listed, 'https://test.com', 'x-tenant')).toMatchObject({
      'Access-Control-Allow-Headers': 'x-tenant',
    });
    expect(preflight(listed, 'https://test.com', 'x-tenant,x-other')).toEqual({});
    const all = new Cors({ ...config, allowed_headers: ['*'] });
    expect(preflight(all, 'https://test.com', 'x-tenant,x-other')).toMatchObject({
      'Access-Control-Allow-Headers': 'x-tenant,x-other',
    });
  });

  it('is not permitted for methods that nothing here answers', () => {
    expect(preflight(new Cors(config), 'https://test.com', undefined, 'DELETE')).toEqual({});
  });

  it('may be remembered for max_age seconds', () => {
    const header = (max_age: number) =>
      (preflight(new Cors({ ...config, max_age }), 'https://test.com') as Record<string, string>)[
        'Access-Control-Max-Age'
      ];
    expect([header(0), header(7200), header(-1)]).toEqual([undefined, '7200', '0']);
  });

  it('is an OPTIONS request that asks for a method', () => {
    const cors = new Cors(config);
    const method = { 'access-control-request-method': 'POST' };
    expect([
      cors.isPreflight(request('OPTIONS', method)),
      cors.isPreflight(request('POST', method)),
      cors.isPreflight(request('OPTIONS', {})),
    ]).toEqual([true, false, false]);
  });
});

describe('any other request', () => {
  it('is answered with the permission of its origin', () => {
    const cors = new Cors({ ...config, exposed_headers: ['X-One', 'X-Two'] });
    const answer = (origin: string, method = 'POST') => asObject(cors.responseHeaders(method, origin));
    expect(answer('https://www.test.com')).toEqual({
      Vary: 'Origin',
      'Access-Control-Allow-Origin': 'https://www.test.com',
      'Access-Control-Allow-Credentials': 'true',
      'Access-Control-Expose-Headers': 'X-One, X-Two',
    });
    expect(answer('https://evil.com')).toEqual({ Vary: 'Origin' });
    expect(answer('https://www.test.com', 'PUT')).toEqual({ Vary: 'Origin' });
    expect(asObject(cors.responseHeaders('POST', undefined))).toEqual({ Vary: 'Origin' });
  });

  it('is answered with a star where every origin may send', () => {
    const cors = new Cors({ ...config, allowed_origins: ['*'] });
    expect(asObject(cors.responseHeaders('POST', 'https://any.org'))).toEqual({
      Vary: 'Origin',
      'Access-Control-Allow-Origin': '*',
      'Access-Control-Allow-Credentials': 'true',
    });
  });
});
