import type { ConditionNeed, Part, ProgramNeed } from './part.ts';

const HOST_PID_FOR_OWNERS =
  'the process that accepted a connection, unless it is the one that listened or closed it';

const CONTAINERS: ConditionNeed = {
  condition: 'cgroup2',
  without: 'the cgroups and containers of what it reports',
};

const ASKED = 'what was asked for, of connections that a CNI sends elsewhere at connect() (Cilium)';

const UDP_ASKED = 'what was asked for, of UDP flows that a CNI sends elsewhere at connect() or sendto()';

const SHORT_LIVED = 'containers that live only for a moment';

/** Everything that the receiver does, each by itself. docs/permissions.md is the same for people. */
export const PARTS: readonly Part[] = [
  {
    block: 'flows',
    title: 'TCP by BPF',
    object: 'tcp',
    programs: [
      needed('follow_state'),
      optional('follow_destroy', 'the last record of a connection whose end the kernel skipped'),
      optional('follow_receive_reset', 'that a connection was reset after this end had closed it'),
      optional('follow_send_reset', 'that this end reset a connection which it had closed'),
      optional('count_retransmit', 'the metric of packets that were sent again'),
      optional('sweep_connections', 'records of open connections; their last has everything'),
      optional(
        'mark_connections',
        'connections from before the start, but for those that visible processes have',
      ),
      optional('find_owners', 'the processes that accepted connections'),
      optional('find_young_owners', 'nothing, but each sweep looks at all open files of all processes'),
      optional('sweep_listeners', 'the metrics of listening sockets'),
      optional('note_asked4', ASKED),
      optional('note_asked6', ASKED),
      optional(
        'follow_retransmit_synack',
        'the metric of handshakes that were given up at listening sockets',
      ),
    ],
    conditions: [
      {
        condition: 'CAP_SYS_ADMIN',
        without:
          'connections from before the start in other network namespaces, but for those of visible processes',
      },
      { condition: 'host_pid', without: HOST_PID_FOR_OWNERS },
      { condition: 'CAP_NET_ADMIN', without: ASKED },
      { condition: 'whole_cgroup2', without: ASKED },
      CONTAINERS,
    ],
  },
  {
    block: 'flows',
    title: 'TCP by sock_diag',
    isFallback: true,
    programs: [],
    conditions: [
      { condition: 'sock_diag' },
      { condition: 'CAP_SYS_ADMIN', without: 'connections of other network namespaces: of all pods' },
      {
        condition: 'host_pid',
        without: 'processes, and network namespaces other than those that are mounted',
      },
      {
        condition: 'CAP_SYS_PTRACE',
        without: 'processes of other users, and the network namespaces that only they are in',
      },
      { condition: 'CAP_DAC_READ_SEARCH', without: 'processes of other users' },
      {
        condition: 'CAP_NET_ADMIN',
        without:
          'ends, where more come in 0.2 s than fit into net.core.rmem_max (counted as end_buffer_full)',
      },
      CONTAINERS,
    ],
  },
  {
    block: 'flows',
    title: 'UDP',
    object: 'udp',
    programs: [
      needed('count_sent', 'count_received'),
      optional('count_sent', 'datagrams that are sent'),
      optional('count_received', 'datagrams that are received'),
      optional(
        'take_back_received',
        'that a datagram did not fit into the receive queue: it counts as received',
      ),
      optional('end_flow', 'the last records of sockets that are closed'),
      optional('sweep_sockets', 'records of open sockets'),
      optional('sweep_peers', 'records of sockets with several peers'),
      optional('note_connected4', UDP_ASKED),
      optional('note_connected6', UDP_ASKED),
      optional('note_sent4', UDP_ASKED),
      optional('note_sent6', UDP_ASKED),
      optional('mark_existing', 'which end sent first, of sockets from before the start'),
      optional('find_socket_owners', 'the processes of sockets from before the start'),
    ],
    conditions: [
      { condition: 'CAP_NET_ADMIN' },
      { condition: 'cgroup2' },
      { condition: 'whole_cgroup2', without: 'UDP flows of other cgroups than those below the mounted one' },
      {
        condition: 'CAP_SYS_ADMIN',
        without: 'which end sent first, of sockets of other network namespaces from before the start',
      },
      { condition: 'host_pid', without: 'the processes of sockets that never send, until they are closed' },
    ],
  },
  {
    block: 'flows',
    title: 'address translation',
    programs: [],
    conditions: [{ condition: 'conntrack' }],
  },
  {
    block: 'drops',
    title: 'dropped packets',
    object: 'drops',
    programs: [needed('count_drop')],
    conditions: [CONTAINERS],
  },
  {
    block: 'processes',
    title: 'starts, ends and OOM kills',
    object: 'processes',
    programs: [
      needed('follow_exec'),
      needed('follow_exit', 'follow_exit_before_6_16'),
      optional('follow_fork', 'the beginning of processes that only fork'),
      optional('follow_move', 'that a process changed its cgroup after its last execve()'),
      optional('follow_oom_kill', 'process.oom_kill'),
      optional('find_processes', 'processes from before the start, until they end'),
    ],
    conditions: [
      { condition: 'host_pid', without: 'processes from before the start, until they end' },
      CONTAINERS,
    ],
  },
  {
    block: 'resources',
    title: 'CPU, memory and disks of containers',
    programs: [],
    conditions: [
      { condition: 'cgroups' },
      { condition: 'host_pid', without: 'when some containers from before the start began' },
    ],
  },
  {
    block: 'containers',
    title: 'cgroups as they come and go',
    object: 'cgroups',
    programs: [
      optional('follow_made', SHORT_LIVED),
      optional('follow_removed', SHORT_LIVED),
      optional('list_cgroups', 'cgroups from before the start whose directories this process does not see'),
    ],
    conditions: [{ condition: 'cgroup2' }],
  },
];

function needed(...programs: readonly string[]): ProgramNeed {
  return { programs };
}

function optional(program: string, without: string): ProgramNeed {
  return { programs: [program], without };
}
