import type { Command } from './arguments.ts';

const RUN = `tributary: who talks to whom on this machine, joined with what is known about both ends, as OTLP

usage:
  tributary --config FILE [--config FILE …] [--set KEY=VALUE …]
  tributary COMMAND [OPTION …]

commands:
  validate      checks a configuration and builds its pipelines without starting them
  components    lists the components that a configuration can name, with the plugins it loads
  schema        prints the JSON Schema of the whole configuration, for editors
  doctor        tells what this machine allows, and what to do about the rest

options:
  --config FILE     a configuration: a file, or env:NAME, yaml:TEXT, http(s)://…; several are merged in order
  --set KEY=VALUE   sets one value after all --config, as in --set receivers.otlp.protocols.grpc.endpoint=:4317
  -h, --help        this text; after a command, that command's
  -v, --version     the version

signals:
  SIGTERM, SIGINT   stop receiving, hand on what is under way, exit with 0; a second one exits at once

examples:
  tributary --config configs/flows.yaml
  tributary validate --config gateway.yaml --set exporters.otlp.endpoint=backend:4317
`;

const VALIDATE = `usage: tributary validate --config FILE [--config FILE …] [--set KEY=VALUE …]

Reads and merges the configuration, loads its plugins, checks everything and builds the pipelines without starting
them. Prints every problem with file, line and column, and exits with 1; or says that it is valid and exits with 0.
`;

const COMPONENTS = `usage: tributary components [--config FILE …] [--json]

Lists the components that a configuration can name: kind, type, former names, signals and stability, and where each runs
with service::workers: a copy in each worker, or once in the main thread. With --config also those of its plugins.

options:
  --json    the same as JSON
`;

const SCHEMA = `usage: tributary schema [--config FILE …]

Prints the JSON Schema (draft 2020-12) of the whole configuration. With --config also for the components of its
plugins. An editor with a YAML language server completes and checks from it:

  tributary schema > tributary.schema.json
  # yaml-language-server: $schema=./tributary.schema.json      (first line of the configuration)
`;

const DOCTOR = `usage: tributary doctor [--json]

Tells what this machine allows (kernel, BTF, capabilities, libbpf, cgroups), and of each block of the eBPF receiver
whether it runs here (ok), runs with something missing (part), or cannot run (FAIL), with the reason, what is missing
for that, and what to do. It tries each kernel program and leaves nothing behind. Run it as the user, and with the
capabilities, that the receiver will have.

Exits with 0 if every block runs, be it in part; with 1 if one cannot run at all.

options:
  --json    the same as JSON
`;

/** The help text of each command. */
export const HELP: Readonly<Record<Command, string>> = {
  run: RUN,
  validate: VALIDATE,
  components: COMPONENTS,
  schema: SCHEMA,
  doctor: DOCTOR,
};
