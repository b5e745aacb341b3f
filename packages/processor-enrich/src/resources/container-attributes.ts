import {
  type AnyValue,
  ATTR_CONTAINER_ID,
  ATTR_CONTAINER_IMAGE_NAME,
  ATTR_CONTAINER_IMAGE_REPO_DIGESTS,
  ATTR_CONTAINER_IMAGE_TAG,
  ATTR_K8S_CONTAINER_NAME,
  ATTR_SERVICE_INSTANCE_ID,
  ATTR_SERVICE_VERSION,
  type Container,
  type ImageReference,
  type Pod,
  parseImageReference,
} from '@tributary/core';
import type { ExtractionRules } from './extraction-rules.ts';
import { canonicalImageReference } from './image-reference.ts';

/** An image without a tag is this one, by Docker's custom. */
const DEFAULT_TAG = 'latest';

/** What is said of a container of a pod. `isThisRun`: of the run that goes on now, whose id and image are known. */
export function containerAttributes(
  pod: Pod,
  container: Container,
  rules: ExtractionRules,
  isThisRun: boolean,
): Map<string, AnyValue> {
  const attributes = new Map<string, AnyValue>();
  if (rules.has(ATTR_K8S_CONTAINER_NAME)) attributes.set(ATTR_K8S_CONTAINER_NAME, container.name);
  const image = parseImageReference(container.image);
  if (image !== undefined) {
    if (rules.has(ATTR_CONTAINER_IMAGE_NAME)) attributes.set(ATTR_CONTAINER_IMAGE_NAME, image.name);
    if (rules.has(ATTR_CONTAINER_IMAGE_TAG)) {
      attributes.set(ATTR_CONTAINER_IMAGE_TAG, image.tag === '' ? DEFAULT_TAG : image.tag);
    }
  }
  if (rules.has(ATTR_SERVICE_INSTANCE_ID)) {
    attributes.set(ATTR_SERVICE_INSTANCE_ID, `${pod.namespace}.${pod.name}.${container.name}`);
  }
  if (rules.has(ATTR_SERVICE_VERSION) && image !== undefined) {
    const version = versionOf(image);
    if (version !== '') attributes.set(ATTR_SERVICE_VERSION, version);
  }
  if (!isThisRun) return attributes;
  if (rules.has(ATTR_CONTAINER_ID) && container.id !== '') attributes.set(ATTR_CONTAINER_ID, container.id);
  if (rules.has(ATTR_CONTAINER_IMAGE_REPO_DIGESTS)) {
    const digest = canonicalImageReference(container.imageId);
    if (digest !== undefined) attributes.set(ATTR_CONTAINER_IMAGE_REPO_DIGESTS, [digest]);
  }
  return attributes;
}

/** `tag@digest`, or whichever of them there is. */
function versionOf({ tag, digest }: ImageReference): string {
  return tag === '' || digest === '' ? tag + digest : `${tag}@${digest}`;
}
