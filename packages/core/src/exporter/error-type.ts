import { ATTR_ERROR_PERMANENT, ATTR_ERROR_TYPE } from '../attribute-names.ts';
import { isPermanent, PipelineError } from '../errors.ts';
import { rpcCodeName } from '../net/rpc-status.ts';

/** Why items were not sent, as metrics say it: bounded values. */
export type FailureAttributes = Readonly<{
  [ATTR_ERROR_TYPE]: string;
  [ATTR_ERROR_PERMANENT]: boolean;
}>;

/** What stands for an error of which nothing is known, as the semantic conventions have it. */
const OTHER = '_OTHER';

/**
 * The Collector's `error.type` of an export that failed: the gRPC code's name as Go writes it (`Unavailable`; for HTTP
 * the code that corresponds to the status), `Shutdown`, or `_OTHER`. Bounded: codes that gRPC does not define are `_OTHER`.
 */
export function errorType(error: unknown): string {
  if (!(error instanceof PipelineError)) return OTHER;
  if (error.code === 'SHUTDOWN') return 'Shutdown';
  return error.status === undefined ? OTHER : rpcCodeAsGo(error.status);
}

/** Both attributes that the Collector puts on what it could not send. */
export function failureAttributes(error: unknown): FailureAttributes {
  return { [ATTR_ERROR_TYPE]: errorType(error), [ATTR_ERROR_PERMANENT]: isPermanent(error) };
}

/** `RESOURCE_EXHAUSTED` as `ResourceExhausted`; Go has one l in `Canceled`. */
function rpcCodeAsGo(code: number): string {
  const name = rpcCodeName(code);
  if (name.startsWith('CODE_')) return OTHER;
  if (name === 'CANCELLED') return 'Canceled';
  if (name === 'OK') return 'OK';
  return name
    .split('_')
    .map((word) => word.charAt(0) + word.slice(1).toLowerCase())
    .join('');
}
