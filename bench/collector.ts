/** Prints the path of a Go Collector for tests that talk to one, and builds it where there is none. */
import { findCollector } from './src/peer.ts';

console.log(findCollector());
