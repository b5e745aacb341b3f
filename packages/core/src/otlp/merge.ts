import { cloneParts } from './clone.ts';
import { NO_MEMORY } from './memory.ts';
import { become, type MessageNode, type Part, RequestNode } from './message.ts';

/**
 * A request that is the others one after the other: appending protobuf messages merges them. Costs as much as there are
 * requests and edits, whatever their size.
 */
export function mergeNodes(requests: readonly MessageNode[]): RequestNode {
  const merged = new RequestNode(NO_MEMORY, 0);
  const parts: Part[] = [];
  become(merged, parts, 0);
  for (const request of requests) {
    cloneParts(request, merged, parts);
    merged.items = request.items < 0 || merged.items < 0 ? -1 : merged.items + request.items;
  }
  return merged;
}
