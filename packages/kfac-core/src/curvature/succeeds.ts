import { KfacError } from '../errors.ts';

/** Runs a factorisation; false if the matrix is not positive definite or the iteration does not converge. */
export function succeeds(factorise: () => void): boolean {
  try {
    factorise();
    return true;
  } catch (error) {
    const failed =
      error instanceof KfacError &&
      (error.code === 'KFAC_NOT_POSITIVE_DEFINITE' || error.code === 'KFAC_NO_CONVERGENCE');
    if (!failed) throw error;
    return false;
  }
}
