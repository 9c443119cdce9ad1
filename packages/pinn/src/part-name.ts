/** The name of a quantity that each of several parts has: of a single part the quantity's own, else 'rmse/u', 'residual/2'. */
export function partName(quantity: string, parts: readonly unknown[], part: string): string {
  return parts.length === 1 ? quantity : `${quantity}/${part}`;
}
