import { type ConfigProblem, duration, tlsClientSchema, z } from '@tributary/core';
import { compileNames } from './name-matcher.ts';

/** The settings of the `docker` receiver: those of the Collector's Docker components where they have one. */
export const dockerConfigSchema = z.strictObject({
  endpoint: z
    .string()
    .regex(
      /^(?:(?:unix:\/\/)?\/.+|(?:tcp|https?):\/\/[^\s/]+)$/,
      'expected the path of a socket or a URL, such as "unix:///var/run/docker.sock" or "tcp://10.0.0.1:2375"',
    )
    .default('unix:///var/run/docker.sock')
    .describe('Where the engine listens: `unix:///path`, `tcp://host:port`, `http://…` or `https://…`.'),
  tls: tlsClientSchema.optional().describe('TLS to the engine; without it only `https://` has it.'),
  timeout: duration({ default: '5s' }).describe('How long the engine may take to answer a question.'),
  api_version: z
    .string()
    .regex(/^\d+\.\d+$/, 'expected a version such as "1.44"')
    .optional()
    .describe('The version of the API to speak; the newest that both ends know if absent.'),
  excluded_images: z
    .array(z.string().min(1))
    .default([])
    .describe(
      'Images whose containers are left out: names, globs, or regular expressions between slashes; `!` before one turns it round.',
    ),
  excluded_labels: z
    .array(z.string().min(1))
    .default([])
    .describe('Labels whose containers are left out, each as `key=value`, by the same rules.'),
  cache_sync_interval: duration({ default: '60m' }).describe(
    'How often all containers are listed anew, in case the engine left an event out; 0 for never.',
  ),
});

/** The settings of the `docker` receiver; durations in milliseconds. */
export type DockerConfig = z.output<typeof dockerConfigSchema>;

/** Says which patterns are none. */
export function validateDockerConfig(config: DockerConfig): readonly ConfigProblem[] {
  return (['excluded_images', 'excluded_labels'] as const).flatMap((key) => {
    const matcher = compileNames(config[key]);
    return typeof matcher === 'function' ? [] : [{ path: [key, matcher.index], message: matcher.problem }];
  });
}
