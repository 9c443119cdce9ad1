import { selectEngine } from '/work/main/packages/kfac-core/src/engine/select.ts';
import { matrix } from '/work/main/packages/kfac-core/src/engine/matrix.ts';
const rnd=(r:number,c:number,d:'f64'|'f32'='f64')=>{const m=matrix(r,c,d);for(let i=0;i<m.data.length;i++)m.data[i]=Math.random()-.5;return m};
for (const threads of [1,2]) {
const e=selectEngine({native:'require',threads}); console.log(e.describe());
const L=e.linalg;
const time=(name:string,flops:number,f:()=>void)=>{let best=1e9;const t00=performance.now();for(let k=0;k<200&&performance.now()-t00<800;k++){const t0=performance.now();f();best=Math.min(best,performance.now()-t0)}console.log(threads,name.padEnd(28),best.toFixed(3),'ms',(flops/best/1e6).toFixed(1),'GF/s')};
for (const [m,n] of [[1020,257],[3500,449],[5100,65],[5100,64]] as const){const z=rnd(m,n);const c=matrix(n,n);time(`gram ${m}x${n}`,m*n*n,()=>L.gram(1,z,null,1,0,c));}
{const z=rnd(5100,65,'f32');const c=matrix(65,65);time(`gram f32 5100x65`,5100*65*65,()=>L.gram(1,z,null,1,0,c));}
for (const n of [64,257,512]){const a=rnd(n,n),b=rnd(n,n),c=matrix(n,n);time(`gemm ${n}`,2*n**3,()=>L.gemm(1,a,'n',b,'n',0,c));}
for (const n of [65,257,449]){const z=rnd(n+50,n);const a=matrix(n,n);L.gram(1,z,null,1,0,a);for(let i=0;i<n;i++)a.data[i*n+i]!+=1;const l=matrix(n,n),v=matrix(n,n),w=new Float64Array(n),b=rnd(n,1);
 time(`chol ${n}`,n**3/3,()=>{l.data.set(a.data);L.cholesky(l)});
 time(`cholsolve ${n}`,2*n**2,()=>{L.choleskySolve(l,b)});
 time(`inverse ${n}`,n**3*2/3,()=>{L.choleskyInverse(l,v)});
 time(`eigh ${n}`,n**3*4/3,()=>L.eigenSymmetric(a,w,v));
 time(`gevd ${n}`,n**3*4/3,()=>L.eigenGeneralized(a,a,w,v));
 const t=L.tridiagonalization(n),bd=L.bidiagonalization(n);
 time(`tridiag ${n}`,n**3*4/3,()=>t.factor(a)); time(`apply ${n}`,4*n**2/2,()=>t.apply('n',w));
 time(`bidiag ${n}`,n**3*8/3,()=>bd.factor(a)); time(`applyR ${n}`,4*n**2/2,()=>bd.applyRight('n',w));}
for (const [m,n] of [[1020,257],[3500,449]] as const){const z=rnd(m,n);const c=matrix(n,n);time(`qrFactor ${m}x${n}`,2*m*n*n-2/3*n**3,()=>L.qrFactor(z,c));}
const N=900,S=4; const z1=rnd(N*S,3),g1=rnd(N*S,64),z2=rnd(N*S,65),g2=rnd(N*S,1),w=new Float64Array(N),o1=new Float64Array(192),o2=new Float64Array(65),j=matrix(N,257),d1=new Float64Array(N);
time('gradient P2',2*N*S*257,()=>{e.captured.gradient(z1,g1,S,w,o1);e.captured.gradient(z2,g2,S,w,o2)});
time('jvp P2',2*N*S*257,()=>{e.captured.jvp(z1,g1,S,[o1],d1);e.captured.jvp(z2,g2,S,[o2],d1)});
time('jacobian P2',2*N*S*257,()=>{e.captured.jacobian(z1,g1,S,w,j,0,0);e.captured.jacobian(z2,g2,S,w,j,0,192)});
}
