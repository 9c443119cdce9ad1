import { selectEngine } from './src/engine/select.ts';
import { matrix } from './src/engine/matrix.ts';
const e=selectEngine({native:'require',threads:1});
for (const [m,n] of [[510,257],[257,257],[767,257],[768,257],[1020,257],[1020,64],[3600,65]] as const){const z=matrix(m,n);z.data.forEach((_,i)=>z.data[i]=Math.sin(i*i));const c=matrix(n,n);let b=1e9;for(let k=0;k<150;k++){const t=performance.now();e.linalg.qrFactor(z,c);b=Math.min(b,performance.now()-t)}console.log(m,n,b.toFixed(3),((2*m*n*n-2/3*n**3)/b/1e6).toFixed(1))}
