/**
 * `resource.Quantity` as the API writes it: `500m`, `1.5`, `128Mi`, `1e3`, `12E`
 * (k8s.io/apimachinery/pkg/api/resource/quantity.go):
 *
 *     quantity := number suffix?
 *     suffix   := n | u | m | k | M | G | T | P | E | Ki | Mi | Gi | Ti | Pi | Ei | (e | E) number
 */
const QUANTITY = /^([+-]?(?:\d+\.?\d*|\.\d+))(?:([numkMGTPE]|[KMGTPE]i)|[eE]([+-]?\d{1,3}))?$/;

const FACTORS: Readonly<Record<string, number>> = {
  n: 1e-9,
  u: 1e-6,
  m: 1e-3,
  k: 1e3,
  M: 1e6,
  G: 1e9,
  T: 1e12,
  P: 1e15,
  E: 1e18,
  Ki: 2 ** 10,
  Mi: 2 ** 20,
  Gi: 2 ** 30,
  Ti: 2 ** 40,
  Pi: 2 ** 50,
  Ei: 2 ** 60,
};

/** A quantity as a number: CPUs, bytes; undefined if the text is none. */
export function quantityValue(text: string): number | undefined {
  const match = QUANTITY.exec(text);
  if (match === null) return undefined;
  const [, number, suffix, exponent] = match;
  if (exponent !== undefined) return Number(`${number}e${exponent}`);
  return Number(number) * (suffix === undefined ? 1 : FACTORS[suffix]!);
}
