import { cloneParts } from './clone.ts';
import { NO_MEMORY } from './memory.ts';
import { MessageNode } from './message.ts';

/**
 * A request that is the others one after the other: appending protobuf messages merges them. Costs as much as there are
 * requests and edits, whatever their size.
 */
export function mergeNodes(requests: readonly MessageNode[]): MessageNode {
  const merged = new MessageNode(undefined, 0, NO_MEMORY, 0, 0, 0);
  merged.parts = [];
  merged.isDirty = true;
  merged.items = 0;
  for (const request of requests) {
    cloneParts(request, merged, merged.parts);
    merged.items = request.items < 0 || merged.items < 0 ? -1 : merged.items + request.items;
  }
  return merged;
}
