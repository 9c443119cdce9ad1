/** The name of a quantity that each of several parts has: of a single part the quantity's own, else 'rmse/u', 'interior/2'. */
export function partName(quantity: string, parts: readonly unknown[], part: string, separator = '/'): string {
  return parts.length === 1 ? quantity : `${quantity}${separator}${part}`;
}
