import {
  ATTR_CONTAINER_ID,
  ATTR_CONTAINER_IMAGE_NAME,
  ATTR_CONTAINER_IMAGE_REPO_DIGESTS,
  ATTR_CONTAINER_IMAGE_TAG,
  ATTR_K8S_CLUSTER_UID,
  ATTR_K8S_CONTAINER_NAME,
  ATTR_K8S_CRONJOB_NAME,
  ATTR_K8S_CRONJOB_UID,
  ATTR_K8S_DAEMONSET_NAME,
  ATTR_K8S_DAEMONSET_UID,
  ATTR_K8S_DEPLOYMENT_NAME,
  ATTR_K8S_DEPLOYMENT_UID,
  ATTR_K8S_JOB_NAME,
  ATTR_K8S_JOB_UID,
  ATTR_K8S_NAMESPACE_NAME,
  ATTR_K8S_NODE_NAME,
  ATTR_K8S_NODE_UID,
  ATTR_K8S_POD_HOSTNAME,
  ATTR_K8S_POD_IP,
  ATTR_K8S_POD_NAME,
  ATTR_K8S_POD_START_TIME,
  ATTR_K8S_POD_UID,
  ATTR_K8S_REPLICASET_NAME,
  ATTR_K8S_REPLICASET_UID,
  ATTR_K8S_STATEFULSET_NAME,
  ATTR_K8S_STATEFULSET_UID,
  ATTR_SERVICE_INSTANCE_ID,
  ATTR_SERVICE_NAME,
  ATTR_SERVICE_NAMESPACE,
  ATTR_SERVICE_VERSION,
  z,
} from '@tributary/core';

/** The attributes that can be asked for by name: those of the Collector. */
export const METADATA = [
  ATTR_K8S_NAMESPACE_NAME,
  ATTR_K8S_POD_NAME,
  ATTR_K8S_POD_UID,
  ATTR_K8S_POD_HOSTNAME,
  ATTR_K8S_POD_START_TIME,
  ATTR_K8S_POD_IP,
  ATTR_K8S_DEPLOYMENT_NAME,
  ATTR_K8S_DEPLOYMENT_UID,
  ATTR_K8S_REPLICASET_NAME,
  ATTR_K8S_REPLICASET_UID,
  ATTR_K8S_DAEMONSET_NAME,
  ATTR_K8S_DAEMONSET_UID,
  ATTR_K8S_STATEFULSET_NAME,
  ATTR_K8S_STATEFULSET_UID,
  ATTR_K8S_JOB_NAME,
  ATTR_K8S_JOB_UID,
  ATTR_K8S_CRONJOB_NAME,
  ATTR_K8S_CRONJOB_UID,
  ATTR_K8S_NODE_NAME,
  ATTR_K8S_NODE_UID,
  ATTR_K8S_CONTAINER_NAME,
  ATTR_K8S_CLUSTER_UID,
  ATTR_CONTAINER_ID,
  ATTR_CONTAINER_IMAGE_NAME,
  ATTR_CONTAINER_IMAGE_TAG,
  ATTR_CONTAINER_IMAGE_REPO_DIGESTS,
  ATTR_SERVICE_NAMESPACE,
  ATTR_SERVICE_NAME,
  ATTR_SERVICE_VERSION,
  ATTR_SERVICE_INSTANCE_ID,
] as const;

/** One of them. */
export type MetadataName = (typeof METADATA)[number];

/** What is extracted where the configuration says nothing: as in the Collector. */
const DEFAULT_METADATA: MetadataName[] = [
  ATTR_K8S_NAMESPACE_NAME,
  ATTR_K8S_POD_NAME,
  ATTR_K8S_POD_UID,
  ATTR_K8S_POD_START_TIME,
  ATTR_K8S_DEPLOYMENT_NAME,
  ATTR_K8S_NODE_NAME,
  ATTR_CONTAINER_IMAGE_NAME,
  ATTR_CONTAINER_IMAGE_TAG,
];

/** The kinds of objects whose labels and annotations can be extracted. */
export const FIELD_OWNERS = [
  'pod',
  'namespace',
  'node',
  'deployment',
  'statefulset',
  'daemonset',
  'job',
] as const;

/** One of them. */
export type FieldOwner = (typeof FIELD_OWNERS)[number];

const fieldSchema = z.strictObject({
  tag_name: z
    .string()
    .default('')
    .describe(
      'The attribute that is set; with `key_regex` it may refer to groups (`$$1`, `$${name}`). By default the kind of the object and the key, such as `k8s.pod.labels.app`.',
    ),
  key: z.string().default('').describe('The key of the label or annotation.'),
  key_regex: z.string().default('').describe('An RE2 pattern for the whole key, instead of `key`.'),
  from: z.enum(FIELD_OWNERS).default('pod').describe('The kind of object that has it.'),
});

/** Which label or annotation becomes an attribute. */
export type FieldConfig = z.output<typeof fieldSchema>;

const extractSchema = z
  .strictObject({
    metadata: z.array(z.enum(METADATA)).default(DEFAULT_METADATA).describe('The attributes that are added.'),
    labels: z.array(fieldSchema).default([]).describe('Labels that become attributes.'),
    annotations: z.array(fieldSchema).default([]).describe('Annotations that become attributes.'),
    otel_annotations: z
      .boolean()
      .default(false)
      .describe("Whether a pod's annotations `resource.opentelemetry.io/NAME` become the attributes `NAME`."),
    deployment_name_from_replicaset: z
      .boolean()
      .default(false)
      .describe(
        "Whether a Deployment's name is its ReplicaSet's without the hash at the end, so that ReplicaSets are not watched.",
      ),
  })
  .prefault({})
  .describe('What is added.');

const FILTER_OPERATIONS = ['', 'equals', 'not-equals'] as const;

const filterSchema = z
  .strictObject({
    node: z.string().default('').describe('Only pods of this node.'),
    node_from_env_var: z
      .string()
      .default('')
      .describe('Only pods of the node that this environment variable names; goes before `node`.'),
    namespace: z.string().default('').describe('Only pods of this namespace.'),
    fields: z
      .array(
        z.strictObject({
          key: z.string().min(1).describe('A field that pods can be selected by, such as `status.phase`.'),
          value: z.string().default('').describe('What it is compared with.'),
          op: z.enum(FILTER_OPERATIONS).default('').describe('How it is compared; `equals` by default.'),
        }),
      )
      .default([])
      .describe('Only pods with these fields.'),
    labels: z
      .array(
        z.strictObject({
          key: z.string().min(1).describe("The label's key."),
          value: z.string().default('').describe('What it is compared with.'),
          op: z
            .enum([...FILTER_OPERATIONS, 'exists', 'does-not-exist'])
            .default('')
            .describe('How it is compared; `equals` by default.'),
        }),
      )
      .default([])
      .describe('Only pods with these labels.'),
  })
  .prefault({})
  .describe('Which pods are looked at.');

/** Which pods are looked at. */
export type FilterConfig = z.output<typeof filterSchema>;

const sourceSchema = z.strictObject({
  from: z
    .enum(['connection', 'resource_attribute'])
    .describe("The sender's address, or an attribute of the resource."),
  name: z.string().default('').describe('The name of the attribute.'),
});

/** What a pod is found by. */
export type AssociationSource = z.output<typeof sourceSchema>;

const associationSchema = z
  .array(
    z.strictObject({
      sources: z.array(sourceSchema).min(1).max(4).describe('All of these must be there.'),
    }),
  )
  .default([])
  .describe(
    'How the pod is found that sent something: the first rule whose sources are all there decides. Without rules by the attributes `k8s.pod.ip` and `ip`, the connection, and `host.name` if it is an address.',
  );

const excludeSchema = z
  .strictObject({
    pods: z
      .array(
        z.strictObject({
          name: z.string().describe('An RE2 pattern that is looked for in the name of the pod.'),
        }),
      )
      .default([{ name: 'jaeger-agent' }, { name: 'jaeger-collector' }])
      .describe('Pods that are left out, by name.'),
  })
  .prefault({})
  .describe(
    'Pods that nothing is added for; so are those with the annotation `opentelemetry.io/k8s-processor/ignore: "true"`.',
  );

/** The options that `enrich` shares with `k8s_attributes`, at the top level of its block: the Collector's. */
export const resourceOptionsShape = {
  extract: extractSchema,
  filter: filterSchema,
  pod_association: associationSchema,
  exclude: excludeSchema,
} satisfies z.ZodRawShape;

const resourceOptionsSchema = z.strictObject(resourceOptionsShape);

/** The options that `enrich` shares with `k8s_attributes`. */
export type ResourceOptions = z.output<typeof resourceOptionsSchema>;
