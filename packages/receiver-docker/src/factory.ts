import { defineReceiver } from '@tributary/core';
import { type DockerConfig, dockerConfigSchema, validateDockerConfig } from './config.ts';
import { DockerReceiver } from './docker-receiver.ts';

/** The `docker` receiver: the containers of a Docker or Podman engine, for machines without Kubernetes. */
export const dockerReceiver = defineReceiver<DockerConfig>({
  type: 'docker',
  description:
    'The containers of a Docker or Podman engine: whose address and id is whose, and what happens to them.',
  signals: { logs: 'alpha' },
  configSchema: dockerConfigSchema,
  validate: validateDockerConfig,
  create: (settings, config, next) => new DockerReceiver(settings, config, next),
});
