import type { LinearAlgebra } from '../engine.ts';
import { ReferenceBidiagonalization } from './linalg/bidiagonalization.ts';
import { cholesky, choleskyInverse, choleskySolve } from './linalg/cholesky.ts';
import { eigenGeneralized, eigenSymmetric } from './linalg/eigen.ts';
import { gemm } from './linalg/gemm.ts';
import { gram } from './linalg/gram.ts';
import { qr, qrFactor } from './linalg/qr.ts';
import { svd } from './linalg/svd.ts';
import { triangularSolve } from './linalg/triangular.ts';
import { ReferenceTridiagonalization } from './linalg/tridiagonalization.ts';

/** Dense algebra in plain TypeScript: one textbook algorithm a file, computed in f64 for both dtypes. Arguments are taken as checked. */
export function referenceLinalg(): LinearAlgebra {
  return {
    gemm,
    gram,
    cholesky,
    choleskySolve,
    choleskyInverse,
    triangularSolve,
    eigenSymmetric,
    eigenGeneralized,
    qr,
    qrFactor,
    svd,
    tridiagonalization: (size) => new ReferenceTridiagonalization(size),
    bidiagonalization: (size) => new ReferenceBidiagonalization(size),
  };
}
