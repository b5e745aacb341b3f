/**
 * Writes what TypeScript has to know of the C records, from the BTF of the prebuilt objects. Called by build-bpf.sh.
 * With --check it only tells, by its exit code, whether the committed files are those.
 */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { Btf, type LayoutRequest, layoutModule, prebuiltPath } from '../packages/bpf/src/index.ts';

interface Target extends LayoutRequest {
  readonly object: string;
  readonly file: string;
}

const TARGETS: readonly Target[] = [
  {
    object: 'tcp',
    source: 'bpf/tcp.h',
    structs: ['tcp_record', 'listener_record', 'tcp_counters'],
    enums: ['tcp_record_version', 'tcp_record_type', 'tcp_flag'],
    file: 'packages/receiver-ebpf/src/generated/tcp-layout.ts',
  },
  {
    object: 'cgroups',
    source: 'bpf/cgroups.h',
    structs: ['cgroup_event', 'cgroup_link', 'cgroup_counters'],
    enums: ['cgroup_record_version', 'cgroup_event_type'],
    file: 'packages/receiver-ebpf/src/generated/cgroups-layout.ts',
  },
  {
    object: 'drops',
    source: 'bpf/drops.h',
    structs: ['drop_key', 'drop_count', 'flow_drop_key', 'drop_counters'],
    enums: ['drop_direction', 'drop_left_out'],
    file: 'packages/receiver-ebpf/src/generated/drops-layout.ts',
  },
  {
    object: 'processes',
    source: 'bpf/processes.h',
    structs: ['process_record', 'process_counters'],
    enums: ['process_record_version', 'process_record_type', 'process_flag'],
    file: 'packages/receiver-ebpf/src/generated/processes-layout.ts',
  },
  {
    object: 'udp',
    source: 'bpf/udp.h',
    structs: ['udp_record', 'udp_counters', 'udp_control'],
    enums: ['udp_record_version', 'udp_record_type', 'udp_end', 'udp_flag'],
    file: 'packages/receiver-ebpf/src/generated/udp-layout.ts',
  },
];

const root = path.join(import.meta.dirname, '..');
const isCheck = process.argv.includes('--check');

for (const target of TARGETS) {
  const text = layoutModule(Btf.ofObject(readFileSync(prebuiltPath(target.object, 'x64'))), target);
  const file = path.join(root, target.file);
  if (!isCheck) {
    mkdirSync(path.dirname(file), { recursive: true });
    writeFileSync(file, text);
  } else if (readFileSync(file, 'utf8') !== text) {
    console.error(`bpf: ${target.file} is not that of the object. Run npm run bpf and commit the result.`);
    process.exitCode = 1;
  }
}
