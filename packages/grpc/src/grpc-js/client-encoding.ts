/**
 * grpc-js compresses by itself, with gzip or deflate at the default level, and knows no other encoding. Here messages
 * come compressed already. The library's stack of filters, whose one filter frames and compresses, is therefore
 * replaced by one that leaves outgoing frames as they are (they are framed by `frame`) and reads incoming ones with
 * `unframe`: servers in Go answer with the encoding that they were asked with. The stack's field is private: a version
 * of the library without it is refused when a client is made.
 */
import { type Channel, experimental, type Metadata } from '@grpc/grpc-js';
import { PipelineError } from '@tributary/core';
import { FRAME_HEADER_BYTES, unframe } from './encoding.ts';

interface FilteredChannel {
  internalChannel?: { filterStackFactory?: experimental.FilterStackFactory };
}

/** Makes the calls of a channel read every encoding of `unframe`, and send messages as they are. */
export function passFramesThrough(channel: Channel, limit: number): void {
  const { internalChannel } = channel as unknown as FilteredChannel;
  if (!(internalChannel?.filterStackFactory instanceof experimental.FilterStackFactory)) {
    throw new PipelineError(
      'COMPONENT_START',
      'grpc: this version of @grpc/grpc-js cannot be given compressed messages. Install the version that package.json names.',
    );
  }
  internalChannel.filterStackFactory = new experimental.FilterStackFactory([
    { createFilter: () => new FrameFilter(limit) },
  ]);
}

/** Of one call. */
class FrameFilter extends experimental.BaseFilter {
  readonly #limit: number;
  #encoding = 'identity';

  constructor(limit: number) {
    super();
    this.#limit = limit;
  }

  override receiveMetadata(metadata: Metadata): Metadata {
    this.#encoding = metadata.get('grpc-encoding')[0]?.toString() ?? 'identity';
    return metadata;
  }

  override async receiveMessage(message: Promise<Buffer>): Promise<Buffer> {
    const framed = await message;
    return framed.length === FRAME_HEADER_BYTES && framed[0] === 0
      ? framed.subarray(FRAME_HEADER_BYTES)
      : unframe(framed, this.#encoding, this.#limit);
  }
}
