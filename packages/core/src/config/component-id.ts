import { SIGNALS, type Signal } from '../component/signal.ts';
import { didYouMean, nearest } from './suggest.ts';

/** A component's id taken apart. */
export interface ComponentId {
  /** `type` or `type/name`, both halves trimmed. */
  readonly id: string;
  readonly type: string;
  readonly name: string;
}

/** Why an id is none, in the Collector's words, and what to do. */
export interface IdProblem {
  readonly message: string;
  readonly hint?: string;
  readonly suggestion?: string;
}

const TYPE = /^[a-zA-Z][0-9a-zA-Z_]{0,62}$/;
const NAME = /^[^\p{Z}\p{C}\p{S}]+$/u;
const MAX_NAME_LENGTH = 1024;

/** True for what can be a component's type. */
export function isComponentType(text: string): boolean {
  return TYPE.test(text);
}

/** Reads `type` or `type/name`. */
export function parseComponentId(text: string): ComponentId | IdProblem {
  const halves = splitId(text);
  if ('message' in halves) return halves;
  const { type, name } = halves;
  if (!TYPE.test(type)) {
    return {
      message: `in ${JSON.stringify(text)} id: invalid character(s) in type ${JSON.stringify(type)} (expected letters, digits and underscores, a letter first)`,
    };
  }
  if (name !== '' && !NAME.test(name)) {
    return {
      message: `in ${JSON.stringify(text)} id: invalid character(s) in name ${JSON.stringify(name)} (expected no spaces, symbols or control characters)`,
    };
  }
  if (name.length > MAX_NAME_LENGTH) {
    return {
      message: `in ${JSON.stringify(`${type}/…`)} id: name is longer than ${MAX_NAME_LENGTH} characters`,
    };
  }
  return { id: name === '' ? type : `${type}/${name}`, type, name };
}

/** A pipeline's id taken apart. */
export interface PipelineId {
  /** `signal` or `signal/name`, both halves trimmed. */
  readonly id: string;
  readonly signal: Signal;
}

/** Reads `signal` or `signal/name`. */
export function parsePipelineId(text: string): PipelineId | IdProblem {
  const halves = splitId(text);
  if ('message' in halves) return halves;
  const { type, name } = halves;
  const signal = SIGNALS.find((known) => known === type);
  if (signal === undefined) {
    const suggestion = nearest(type, SIGNALS);
    const hint = didYouMean(suggestion) ?? `Pipelines carry ${SIGNALS.join(', ')}`;
    const message = `in ${JSON.stringify(text)} id: unknown pipeline signal: ${JSON.stringify(type)}`;
    return { message, hint, ...(suggestion === undefined ? {} : { suggestion }) };
  }
  if (name !== '' && !NAME.test(name)) {
    return { message: `in ${JSON.stringify(text)} id: invalid character(s) in name ${JSON.stringify(name)}` };
  }
  return { id: name === '' ? signal : `${signal}/${name}`, signal };
}

function splitId(text: string): { readonly type: string; readonly name: string } | IdProblem {
  const separator = text.indexOf('/');
  const type = (separator === -1 ? text : text.slice(0, separator)).trim();
  const name = separator === -1 ? '' : text.slice(separator + 1).trim();
  if (separator === -1 && type === '') return { message: 'id must not be empty' };
  if (type === '') return { message: `in ${JSON.stringify(text)} id: the part before / should not be empty` };
  if (separator !== -1 && name === '') {
    return { message: `in ${JSON.stringify(text)} id: the part after / should not be empty` };
  }
  return { type, name };
}
