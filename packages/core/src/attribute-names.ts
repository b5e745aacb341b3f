/**
 * The names of all attributes that Tributary reads or writes: those of the OpenTelemetry semantic conventions
 * (https://opentelemetry.io/docs/specs/semconv/) and our own, such as those that begin with `flow.`. No attribute name
 * stands as a literal anywhere else. Sorted by value.
 */

export const ATTR_CLOUD_AVAILABILITY_ZONE = 'cloud.availability_zone';
export const ATTR_CLOUD_PROVIDER = 'cloud.provider';
export const ATTR_CLOUD_REGION = 'cloud.region';
/** What a container's main process gave as its exit code (int). Our own. */
export const ATTR_CONTAINER_EXIT_CODE = 'container.exit_code';
export const ATTR_CONTAINER_ID = 'container.id';
export const ATTR_CONTAINER_IMAGE_NAME = 'container.image.name';
export const ATTR_CONTAINER_IMAGE_REPO_DIGESTS = 'container.image.repo_digests';
/** The Collector's; the semantic conventions have `container.image.tags`, a list. */
export const ATTR_CONTAINER_IMAGE_TAG = 'container.image.tag';
export const ATTR_CONTAINER_IMAGE_TAGS = 'container.image.tags';
/** Followed by the label's key. */
export const ATTR_CONTAINER_LABEL_PREFIX = 'container.label.';
/** What befell a container's memory: `low`, `high`, `max` or `oom`, as the kernel's memory.events has them. */
export const ATTR_CONTAINER_MEMORY_EVENT = 'container.memory.event';
export const ATTR_CONTAINER_NAME = 'container.name';
export const ATTR_CPU_MODE = 'cpu.mode';
export const ATTR_DESTINATION_ADDRESS = 'destination.address';
/** How the destination of a flow was found: see `ATTR_SOURCE_MATCH`. */
export const ATTR_DESTINATION_MATCH = 'destination.match';
/** True where what names the destination may have changed before the flow, unseen (bool). Our own. */
export const ATTR_DESTINATION_MATCH_STALE = 'destination.match.stale';
/** Where a flow went when the destination that its client asked for was translated. Our own. */
export const ATTR_DESTINATION_NAT_ADDRESS = 'destination.nat.address';
/** The port there (int). Our own. */
export const ATTR_DESTINATION_NAT_PORT = 'destination.nat.port';
export const ATTR_DESTINATION_PORT = 'destination.port';
export const ATTR_DISK_IO_DIRECTION = 'disk.io.direction';
export const ATTR_DNS_QUESTION_NAME = 'dns.question.name';
/** Whether the same data would fail again; the Collector's, on metrics of exports that failed. */
export const ATTR_ERROR_PERMANENT = 'error.permanent';
/** Why something failed: a class of errors, a code; few different values. */
export const ATTR_ERROR_TYPE = 'error.type';
/** How long the opening end waited for the connection, in seconds (double). */
export const ATTR_FLOW_CONNECT_DURATION = 'flow.connect_duration';
/** Bytes that the destination sent since the last record of the flow (int). */
export const ATTR_FLOW_DESTINATION_BYTES = 'flow.destination.bytes';
/** Packets that the destination sent since the last record of the flow, as the observer's socket counts them (int). */
export const ATTR_FLOW_DESTINATION_PACKETS = 'flow.destination.packets';
/** Segments that the destination sent again since the last record of the flow (int). */
export const ATTR_FLOW_DESTINATION_RETRANSMITS = 'flow.destination.retransmits';
/** Time in which the destination could not send because the source's receive window was full, in seconds (double). */
export const ATTR_FLOW_DESTINATION_WINDOW_LIMITED_DURATION = 'flow.destination.window_limited_duration';
/** True while the destination takes no more data: its receive window is closed (boolean). */
export const ATTR_FLOW_DESTINATION_ZERO_WINDOW = 'flow.destination.zero_window';
/** Of a count: `forward` is from the source to the destination, `reverse` the other way. */
export const ATTR_FLOW_DIRECTION = 'flow.direction';
/** Packets of the flow that the kernel dropped since the last record (int). */
export const ATTR_FLOW_DROPS = 'flow.drops';
/** How long the connection has lasted, in seconds (double). */
export const ATTR_FLOW_DURATION = 'flow.duration';
/** How a closed flow ended: `closed`, `reset`, `refused`, `timed_out`, `unreachable` … */
export const ATTR_FLOW_END_REASON = 'flow.end_reason';
/** The smallest round trip time of late, in seconds (double). */
export const ATTR_FLOW_MIN_RTT = 'flow.min_rtt';
/** Whose socket the flow was seen at: `source` or `destination`. */
export const ATTR_FLOW_OBSERVER = 'flow.observer';
/** The smoothed round trip time, in seconds (double). */
export const ATTR_FLOW_RTT = 'flow.rtt';
/** Bytes that the source (the end that opened the connection) sent since the last record of the flow (int). */
export const ATTR_FLOW_SOURCE_BYTES = 'flow.source.bytes';
/** Packets that the source sent since the last record of the flow, as the observer's socket counts them (int). */
export const ATTR_FLOW_SOURCE_PACKETS = 'flow.source.packets';
/** Segments that the source sent again since the last record of the flow (int). */
export const ATTR_FLOW_SOURCE_RETRANSMITS = 'flow.source.retransmits';
/** Time in which the source could not send because the destination's receive window was full, in seconds (double). */
export const ATTR_FLOW_SOURCE_WINDOW_LIMITED_DURATION = 'flow.source.window_limited_duration';
/** True while the source takes no more data: its receive window is closed (boolean). */
export const ATTR_FLOW_SOURCE_ZERO_WINDOW = 'flow.source.zero_window';
/** `open` or `closed`. */
export const ATTR_FLOW_STATE = 'flow.state';
export const ATTR_HOST_NAME = 'host.name';
export const ATTR_K8S_CLUSTER_UID = 'k8s.cluster.uid';
export const ATTR_K8S_CONTAINER_NAME = 'k8s.container.name';
export const ATTR_K8S_CONTAINER_RESTART_COUNT = 'k8s.container.restart_count';
export const ATTR_K8S_CONTAINER_STATUS_REASON = 'k8s.container.status.reason';
/** `running`, `waiting` or `terminated`. */
export const ATTR_K8S_CONTAINER_STATUS_STATE = 'k8s.container.status.state';
export const ATTR_K8S_CRONJOB_NAME = 'k8s.cronjob.name';
export const ATTR_K8S_CRONJOB_UID = 'k8s.cronjob.uid';
export const ATTR_K8S_DAEMONSET_NAME = 'k8s.daemonset.name';
export const ATTR_K8S_DAEMONSET_UID = 'k8s.daemonset.uid';
export const ATTR_K8S_DEPLOYMENT_NAME = 'k8s.deployment.name';
export const ATTR_K8S_DEPLOYMENT_UID = 'k8s.deployment.uid';
/** What was done or failed; this and the others of `k8s.event` and `k8s.object` are the Collector's. */
export const ATTR_K8S_EVENT_ACTION = 'k8s.event.action';
/** How often it has happened (int). */
export const ATTR_K8S_EVENT_COUNT = 'k8s.event.count';
export const ATTR_K8S_EVENT_NAME = 'k8s.event.name';
export const ATTR_K8S_EVENT_REASON = 'k8s.event.reason';
/** When the Event was made. RFC 3339. */
export const ATTR_K8S_EVENT_START_TIME = 'k8s.event.start_time';
export const ATTR_K8S_EVENT_UID = 'k8s.event.uid';
export const ATTR_K8S_JOB_NAME = 'k8s.job.name';
export const ATTR_K8S_JOB_UID = 'k8s.job.uid';
export const ATTR_K8S_NAMESPACE_NAME = 'k8s.namespace.name';
export const ATTR_K8S_NAMESPACE_PHASE = 'k8s.namespace.phase';
export const ATTR_K8S_NODE_CONDITION_STATUS = 'k8s.node.condition.status';
export const ATTR_K8S_NODE_CONDITION_TYPE = 'k8s.node.condition.type';
export const ATTR_K8S_NODE_NAME = 'k8s.node.name';
export const ATTR_K8S_NODE_UID = 'k8s.node.uid';
export const ATTR_K8S_OBJECT_API_VERSION = 'k8s.object.api_version';
export const ATTR_K8S_OBJECT_FIELDPATH = 'k8s.object.fieldpath';
export const ATTR_K8S_OBJECT_KIND = 'k8s.object.kind';
export const ATTR_K8S_OBJECT_NAME = 'k8s.object.name';
export const ATTR_K8S_OBJECT_RESOURCE_VERSION = 'k8s.object.resource_version';
export const ATTR_K8S_OBJECT_UID = 'k8s.object.uid';
export const ATTR_K8S_POD_HOSTNAME = 'k8s.pod.hostname';
export const ATTR_K8S_POD_IP = 'k8s.pod.ip';
export const ATTR_K8S_POD_NAME = 'k8s.pod.name';
export const ATTR_K8S_POD_START_TIME = 'k8s.pod.start_time';
export const ATTR_K8S_POD_STATUS_PHASE = 'k8s.pod.status.phase';
export const ATTR_K8S_POD_STATUS_REASON = 'k8s.pod.status.reason';
export const ATTR_K8S_POD_UID = 'k8s.pod.uid';
export const ATTR_K8S_REPLICASET_NAME = 'k8s.replicaset.name';
export const ATTR_K8S_REPLICASET_UID = 'k8s.replicaset.uid';
export const ATTR_K8S_SERVICE_NAME = 'k8s.service.name';
export const ATTR_K8S_SERVICE_TYPE = 'k8s.service.type';
export const ATTR_K8S_SERVICE_UID = 'k8s.service.uid';
export const ATTR_K8S_STATEFULSET_NAME = 'k8s.statefulset.name';
export const ATTR_K8S_STATEFULSET_UID = 'k8s.statefulset.uid';
/** Why a packet was dropped: the Linux kernel's name of it, in lower case and without `SKB_DROP_REASON_`. */
export const ATTR_NETWORK_DROP_REASON = 'network.drop.reason';
/** How far apart the ends of a flow are: `same_node`, `same_zone`, `same_region`, `same_cluster` or `external`. Our own. */
export const ATTR_NETWORK_FLOW_SCOPE = 'network.flow.scope';
export const ATTR_NETWORK_INTERFACE_NAME = 'network.interface.name';
/** `receive` or `transmit`, as the interface sees it. */
export const ATTR_NETWORK_IO_DIRECTION = 'network.io.direction';
export const ATTR_NETWORK_LOCAL_ADDRESS = 'network.local.address';
export const ATTR_NETWORK_LOCAL_PORT = 'network.local.port';
/** Which network namespace of the machine: the inode number of its file, as `lsns -t net` shows it (int). */
export const ATTR_NETWORK_NAMESPACE_INODE = 'network.namespace.inode';
export const ATTR_NETWORK_TRANSPORT = 'network.transport';
export const ATTR_NETWORK_TYPE = 'network.type';
/** What describes an entity (map); this and the others of `otel.entity` are the Collector's entity events. */
export const ATTR_OTEL_ENTITY_ATTRIBUTES = 'otel.entity.attributes';
/** `entity_state` or `entity_delete`. */
export const ATTR_OTEL_ENTITY_EVENT_TYPE = 'otel.entity.event.type';
/** True, on the scope whose log records are entity events. */
export const ATTR_OTEL_ENTITY_EVENT_AS_LOG = 'otel.entity.event_as_log';
/** What tells an entity from all others of its type (map). */
export const ATTR_OTEL_ENTITY_ID = 'otel.entity.id';
/** How often the state of an entity is told anew, in milliseconds (int). */
export const ATTR_OTEL_ENTITY_INTERVAL = 'otel.entity.interval';
/** `k8s.pod`, `k8s.node` … */
export const ATTR_OTEL_ENTITY_TYPE = 'otel.entity.type';
/** True on the one series that counts what went beyond the limit of a metric, as the OpenTelemetry SDKs have it (boolean). */
export const ATTR_OTEL_METRIC_OVERFLOW = 'otel.metric.overflow';
/** The Collector's, on each line of a component's log. */
export const ATTR_OTELCOL_COMPONENT_ID = 'otelcol.component.id';
/** `receiver`, `processor` …; the Collector's, on each line of a component's log. */
export const ATTR_OTELCOL_COMPONENT_KIND = 'otelcol.component.kind';
/** The Collector's, on each line of a processor's log. */
export const ATTR_OTELCOL_PIPELINE_ID = 'otelcol.pipeline.id';
/** Whom to call; from a business table. */
export const ATTR_OWNER_TEAM = 'owner.team';
/** How many arguments a program was given, its name included, whether or not all are in `process.command_args` (int). */
export const ATTR_PROCESS_ARGS_COUNT = 'process.args_count';
export const ATTR_PROCESS_COMMAND_ARGS = 'process.command_args';
/** True where `process.command_args` ends early, perhaps in the middle of an argument (bool). Our own. */
export const ATTR_PROCESS_COMMAND_ARGS_TRUNCATED = 'process.command_args_truncated';
/** ISO 8601. With the pid it tells a process of a host from all others. */
export const ATTR_PROCESS_CREATION_TIME = 'process.creation.time';
export const ATTR_PROCESS_EXECUTABLE_NAME = 'process.executable.name';
export const ATTR_PROCESS_EXECUTABLE_PATH = 'process.executable.path';
/** What a process that ended by itself gave as its exit code (int). */
export const ATTR_PROCESS_EXIT_CODE = 'process.exit.code';
/** True where the signal that ended a process had the kernel write its memory down (bool). Our own. */
export const ATTR_PROCESS_EXIT_CORE_DUMPED = 'process.exit.core_dumped';
/** `exited`, `signaled` or `oom_killed`. Our own. */
export const ATTR_PROCESS_EXIT_REASON = 'process.exit.reason';
/** The name of the signal that ended a process, such as `SIGKILL`. Our own. */
export const ATTR_PROCESS_EXIT_SIGNAL = 'process.exit.signal';
/** ISO 8601. */
export const ATTR_PROCESS_EXIT_TIME = 'process.exit.time';
/** True for a process that never ran a program of its own, but what its parent ran (bool). Our own. */
export const ATTR_PROCESS_FORKED = 'process.forked';
/** The path of the control group. */
export const ATTR_PROCESS_LINUX_CGROUP = 'process.linux.cgroup';
export const ATTR_PROCESS_PARENT_PID = 'process.parent_pid';
export const ATTR_PROCESS_PID = 'process.pid';
/** The effective user (int). */
export const ATTR_PROCESS_USER_ID = 'process.user.id';
/** The pid as the process itself sees it, in its own pid namespace (int). */
export const ATTR_PROCESS_VPID = 'process.vpid';
export const ATTR_SERVER_ADDRESS = 'server.address';
export const ATTR_SERVER_PORT = 'server.port';
export const ATTR_SERVICE_INSTANCE_ID = 'service.instance.id';
export const ATTR_SERVICE_NAME = 'service.name';
export const ATTR_SERVICE_NAMESPACE = 'service.namespace';
export const ATTR_SERVICE_VERSION = 'service.version';
export const ATTR_SOURCE_ADDRESS = 'source.address';
/** How the source of a flow was found: `cgroup`, `pod_ip`, `service` …, `none`. Our own. */
export const ATTR_SOURCE_MATCH = 'source.match';
/** True where what names the source may have changed before the flow, unseen (bool). Our own. */
export const ATTR_SOURCE_MATCH_STALE = 'source.match.stale';
export const ATTR_SOURCE_PORT = 'source.port';
export const ATTR_SYSTEM_DEVICE = 'system.device';
export const ATTR_SYSTEM_PAGING_FAULT_TYPE = 'system.paging.fault.type';
/** The unit of the system's systemd in whose cgroup something is, such as `nginx.service`; as the Collector names it. */
export const ATTR_SYSTEMD_UNIT_NAME = 'systemd.unit.name';
/** The unit of a user's systemd, inside the system's unit `user@UID.service`. */
export const ATTR_SYSTEMD_USER_UNIT_NAME = 'systemd.user_unit.name';

/** The event name of what an engine tells of a container: followed by what happened, `container.start` for one. */
export const EVENT_CONTAINER_PREFIX = 'container.';
/** The event name of a log record that tells of a flow (a connection and an interval of time). */
export const EVENT_NETWORK_FLOW = 'network.flow';
/** The event name of a log record that tells that a process ended. */
export const EVENT_PROCESS_EXIT = 'process.exit';
/** The event name of a log record that tells that the kernel chose a process to be killed for its memory. */
export const EVENT_PROCESS_OOM_KILL = 'process.oom_kill';
/** The event name of a log record that tells that a process runs a program from now on. */
export const EVENT_PROCESS_START = 'process.start';

/**
 * What a container uses. Of a systemd unit the same is told under names that begin with `systemd.unit` in place of
 * `container`. Those with a comment are ours.
 */
/** The periods in which a limit on CPU time was enforced. */
export const METRIC_CONTAINER_CPU_PERIODS = 'container.cpu.periods';
/** Time in which at least one task of the container was ready to run and waited for a CPU. */
export const METRIC_CONTAINER_CPU_PRESSURE_TIME = 'container.cpu.pressure.time';
/** Those of them in which the container used its time up and had to wait. */
export const METRIC_CONTAINER_CPU_THROTTLED_PERIODS = 'container.cpu.throttled.periods';
/** How long its tasks had to wait so, over all CPUs. */
export const METRIC_CONTAINER_CPU_THROTTLED_TIME = 'container.cpu.throttled.time';
export const METRIC_CONTAINER_CPU_TIME = 'container.cpu.time';
export const METRIC_CONTAINER_CPU_USAGE = 'container.cpu.usage';
/** How long its tasks were ready to run and waited for a CPU, all waits added. */
export const METRIC_CONTAINER_CPU_WAIT_TIME = 'container.cpu.wait.time';
export const METRIC_CONTAINER_DISK_IO = 'container.disk.io';
/** Reads and writes of a disk. */
export const METRIC_CONTAINER_DISK_OPERATIONS = 'container.disk.operations';
export const METRIC_CONTAINER_MEMORY_AVAILABLE = 'container.memory.available';
/** How often the container met a limit on its memory, by `container.memory.event`. */
export const METRIC_CONTAINER_MEMORY_EVENTS = 'container.memory.events';
/** The processes that the kernel killed for want of memory. */
export const METRIC_CONTAINER_MEMORY_OOM_KILLS = 'container.memory.oom_kills';
export const METRIC_CONTAINER_MEMORY_RSS = 'container.memory.rss';
export const METRIC_CONTAINER_MEMORY_USAGE = 'container.memory.usage';
export const METRIC_CONTAINER_MEMORY_WORKING_SET = 'container.memory.working_set';
export const METRIC_CONTAINER_PAGING_FAULTS = 'container.paging.faults';
/** Its tasks: processes and their threads. */
export const METRIC_CONTAINER_THREAD_COUNT = 'container.thread.count';
export const METRIC_CONTAINER_UPTIME = 'container.uptime';
/** How long connections took to be established, in seconds: a histogram. */
export const METRIC_NETWORK_FLOW_CONNECT_DURATION = 'network.flow.connect.duration';
/** Flows that ended, by `flow.end_reason`: a monotonic sum. */
export const METRIC_NETWORK_FLOW_CONNECTIONS = 'network.flow.connections';
/** What the Kubernetes API says of its objects; all of the semantic conventions. */
export const METRIC_K8S_CONTAINER_CPU_LIMIT_DESIRED = 'k8s.container.cpu.limit.desired';
export const METRIC_K8S_CONTAINER_CPU_REQUEST_DESIRED = 'k8s.container.cpu.request.desired';
export const METRIC_K8S_CONTAINER_EPHEMERAL_STORAGE_LIMIT = 'k8s.container.ephemeral_storage.limit';
export const METRIC_K8S_CONTAINER_EPHEMERAL_STORAGE_REQUEST = 'k8s.container.ephemeral_storage.request';
export const METRIC_K8S_CONTAINER_MEMORY_LIMIT_DESIRED = 'k8s.container.memory.limit.desired';
export const METRIC_K8S_CONTAINER_MEMORY_REQUEST_DESIRED = 'k8s.container.memory.request.desired';
export const METRIC_K8S_CONTAINER_READY = 'k8s.container.ready';
export const METRIC_K8S_CONTAINER_RESTART_COUNT = 'k8s.container.restart.count';
export const METRIC_K8S_CONTAINER_STATUS_REASON = 'k8s.container.status.reason';
export const METRIC_K8S_CONTAINER_STATUS_STATE = 'k8s.container.status.state';
export const METRIC_K8S_CRONJOB_JOB_ACTIVE = 'k8s.cronjob.job.active';
export const METRIC_K8S_DAEMONSET_NODE_CURRENT_SCHEDULED = 'k8s.daemonset.node.current_scheduled';
export const METRIC_K8S_DAEMONSET_NODE_DESIRED_SCHEDULED = 'k8s.daemonset.node.desired_scheduled';
export const METRIC_K8S_DAEMONSET_NODE_MISSCHEDULED = 'k8s.daemonset.node.misscheduled';
export const METRIC_K8S_DAEMONSET_NODE_READY = 'k8s.daemonset.node.ready';
export const METRIC_K8S_DEPLOYMENT_POD_AVAILABLE = 'k8s.deployment.pod.available';
export const METRIC_K8S_DEPLOYMENT_POD_DESIRED = 'k8s.deployment.pod.desired';
export const METRIC_K8S_JOB_POD_ACTIVE = 'k8s.job.pod.active';
export const METRIC_K8S_JOB_POD_DESIRED_SUCCESSFUL = 'k8s.job.pod.desired_successful';
export const METRIC_K8S_JOB_POD_FAILED = 'k8s.job.pod.failed';
export const METRIC_K8S_JOB_POD_MAX_PARALLEL = 'k8s.job.pod.max_parallel';
export const METRIC_K8S_JOB_POD_SUCCESSFUL = 'k8s.job.pod.successful';
export const METRIC_K8S_NAMESPACE_PHASE = 'k8s.namespace.phase';
export const METRIC_K8S_NODE_CONDITION_STATUS = 'k8s.node.condition.status';
export const METRIC_K8S_NODE_CPU_ALLOCATABLE = 'k8s.node.cpu.allocatable';
export const METRIC_K8S_NODE_EPHEMERAL_STORAGE_ALLOCATABLE = 'k8s.node.ephemeral_storage.allocatable';
export const METRIC_K8S_NODE_MEMORY_ALLOCATABLE = 'k8s.node.memory.allocatable';
export const METRIC_K8S_NODE_POD_ALLOCATABLE = 'k8s.node.pod.allocatable';
export const METRIC_K8S_POD_STATUS_PHASE = 'k8s.pod.status.phase';
export const METRIC_K8S_POD_STATUS_REASON = 'k8s.pod.status.reason';
export const METRIC_K8S_REPLICASET_POD_AVAILABLE = 'k8s.replicaset.pod.available';
export const METRIC_K8S_REPLICASET_POD_DESIRED = 'k8s.replicaset.pod.desired';
export const METRIC_K8S_STATEFULSET_POD_AVAILABLE = 'k8s.statefulset.pod.available';
export const METRIC_K8S_STATEFULSET_POD_CURRENT = 'k8s.statefulset.pod.current';
export const METRIC_K8S_STATEFULSET_POD_DESIRED = 'k8s.statefulset.pod.desired';
export const METRIC_K8S_STATEFULSET_POD_READY = 'k8s.statefulset.pod.ready';
export const METRIC_K8S_STATEFULSET_POD_UPDATED = 'k8s.statefulset.pod.updated';
/** Packets that the kernel dropped: a cumulative, monotonic sum in `{packet}`. */
export const METRIC_NETWORK_FLOW_DROPS = 'network.flow.drops';
/** Payload bytes, by `flow.direction`: a monotonic sum. */
export const METRIC_NETWORK_FLOW_IO = 'network.flow.io';
/** Segments that were sent again, by `flow.direction`: a monotonic sum. */
export const METRIC_NETWORK_FLOW_RETRANSMITS = 'network.flow.retransmits';
/** Round trips, by the end that measured them (`flow.observer`), in seconds: a histogram. */
export const METRIC_NETWORK_FLOW_RTT = 'network.flow.rtt';
/** Packets of handshakes that a listening socket dropped since the last point (delta sum). */
export const METRIC_NETWORK_LISTENER_DROPS = 'network.listener.drops';
/** Handshakes at a listening socket whose SYN-ACK was never answered, since the last point (delta sum). */
export const METRIC_NETWORK_LISTENER_UNANSWERED = 'network.listener.unanswered';

/**
 * What stands before a label's own key in the name of an attribute that is made of it, by the kind of the object: as the Collector
 * has it, which for three kinds writes a plural.
 */
export const K8S_LABEL_PREFIXES = {
  pod: 'k8s.pod.labels.',
  namespace: 'k8s.namespace.labels.',
  node: 'k8s.node.labels.',
  deployment: 'k8s.deployment.label.',
  statefulset: 'k8s.statefulset.label.',
  daemonset: 'k8s.daemonset.label.',
  job: 'k8s.job.label.',
} as const;

/** The same for annotations. */
export const K8S_ANNOTATION_PREFIXES = {
  pod: 'k8s.pod.annotations.',
  namespace: 'k8s.namespace.annotations.',
  node: 'k8s.node.annotations.',
  deployment: 'k8s.deployment.annotation.',
  statefulset: 'k8s.statefulset.annotation.',
  daemonset: 'k8s.daemonset.annotation.',
  job: 'k8s.job.annotation.',
} as const;
