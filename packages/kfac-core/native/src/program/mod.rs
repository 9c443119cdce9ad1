//! Equation programs: straight-line code in single-assignment form over columns of points, SIMD over points. Registers
//! live in a scratch of one block of columns that stays in the cache; inputs are read where they lie.

mod functions;
#[cfg(test)]
mod tests;

use crate::pool::{self, Disjoint};
use crate::simd::{self, Kernel, Level, SimdLevel, Vector};
use functions::{cosh, integer_power, power, sign, sinh};

/// Points of one unit of work of a thread.
const CHUNK: usize = 2048;
/// Numbers of the registers' scratch that a block aims at: 64 KiB.
const SCRATCH: usize = 8192;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(i32)]
pub enum Opcode {
    Add,
    Sub,
    Mul,
    Div,
    Neg,
    Pow,
    Powi,
    Sin,
    Cos,
    Tan,
    Tanh,
    Sinh,
    Cosh,
    Exp,
    Log,
    Sqrt,
    Abs,
    Sign,
}

impl Opcode {
    /// In the order of their numbers.
    pub const ALL: [Opcode; 18] = [
        Opcode::Add,
        Opcode::Sub,
        Opcode::Mul,
        Opcode::Div,
        Opcode::Neg,
        Opcode::Pow,
        Opcode::Powi,
        Opcode::Sin,
        Opcode::Cos,
        Opcode::Tan,
        Opcode::Tanh,
        Opcode::Sinh,
        Opcode::Cosh,
        Opcode::Exp,
        Opcode::Log,
        Opcode::Sqrt,
        Opcode::Abs,
        Opcode::Sign,
    ];

    fn from_word(word: i32) -> Option<Self> {
        usize::try_from(word)
            .ok()
            .and_then(|index| Self::ALL.get(index).copied())
    }

    fn is_binary(self) -> bool {
        matches!(
            self,
            Opcode::Add | Opcode::Sub | Opcode::Mul | Opcode::Div | Opcode::Pow
        )
    }
}

/// Registers: inputs, then constants, then one per instruction (opcode, a, b).
#[derive(Clone, Copy)]
pub struct Program<'a> {
    inputs: usize,
    constants: &'a [f64],
    code: &'a [i32],
    outputs: &'a [i32],
}

impl<'a> Program<'a> {
    /// None unless every opcode is known and every register is written before it is read.
    pub fn new(
        inputs: usize,
        constants: &'a [f64],
        code: &'a [i32],
        outputs: &'a [i32],
    ) -> Option<Self> {
        let first = inputs.checked_add(constants.len())?;
        first.checked_add(code.len())?;
        let readable = |register: i32, limit: usize| {
            usize::try_from(register).is_ok_and(|register| register < limit)
        };
        let sound = code.chunks(3).enumerate().all(|(k, words)| match *words {
            [word, a, b] => Opcode::from_word(word).is_some_and(|op| {
                readable(a, first + k) && (!op.is_binary() || readable(b, first + k))
            }),
            _ => false,
        });
        let total = first + code.len() / 3;
        let sound = sound && outputs.iter().all(|&register| readable(register, total));
        sound.then_some(Self {
            inputs,
            constants,
            code,
            outputs,
        })
    }

    /// Rows of the output.
    pub fn rows(&self) -> usize {
        self.outputs.len()
    }

    /// Rows of the input.
    pub fn inputs(&self) -> usize {
        self.inputs
    }

    /// Registers that live in the scratch.
    fn stored(&self) -> usize {
        self.constants.len() + self.code.len() / 3
    }

    /// Points of a block: a multiple of the widest vector.
    fn block(&self) -> usize {
        (SCRATCH / self.stored().max(1) / 16 * 16).clamp(16, 512)
    }
}

/// columns [≥ inputs × N] → outputs [rows × N].
pub fn evaluate(program: &Program, columns: &[f64], outputs: &mut [f64], points: usize) {
    evaluate_at(simd::level(), program, columns, outputs, points);
}

fn evaluate_at(
    level: SimdLevel,
    program: &Program,
    columns: &[f64],
    outputs: &mut [f64],
    points: usize,
) {
    assert!(columns.len() >= program.inputs * points && outputs.len() == program.rows() * points);
    let outputs = Disjoint::new(outputs);
    pool::for_each_block(points.div_ceil(CHUNK), |index| {
        pool::with_scratch(program.stored() * program.block(), |registers| {
            let first = index * CHUNK;
            let last = points.min(first + CHUNK);
            simd::dispatch_at(
                level,
                Chunk {
                    program,
                    columns,
                    outputs: &outputs,
                    points,
                    first,
                    last,
                    registers,
                },
            );
        });
    });
}

/// Points [first, last).
struct Chunk<'a> {
    program: &'a Program<'a>,
    columns: &'a [f64],
    outputs: &'a Disjoint<'a, f64>,
    points: usize,
    first: usize,
    last: usize,
    registers: &'a mut [f64],
}

impl Kernel for Chunk<'_> {
    type Output = ();
    #[inline(always)]
    unsafe fn run<L: Level>(self) {
        let Self {
            program,
            columns,
            outputs,
            points,
            first,
            last,
            registers,
        } = self;
        let block = program.block();
        for (constant, row) in program.constants.iter().zip(registers.chunks_mut(block)) {
            row.fill(*constant);
        }
        let registers = registers.as_mut_ptr();
        let mut start = first;
        while start < last {
            let count = block.min(last - start);
            // Where a register's numbers for this block are.
            // SAFETY: `Program::new` has proven the indices; rows of the scratch have `block` numbers.
            let at = |register: i32| unsafe {
                let register = register as usize;
                match register.checked_sub(program.inputs) {
                    None => columns.as_ptr().add(register * points + start),
                    Some(stored) => registers.add(stored * block).cast_const(),
                }
            };
            for (k, words) in program.code.chunks_exact(3).enumerate() {
                // SAFETY: the level is live; operands are readable for `count` numbers, results are a row of their own.
                unsafe {
                    let result = registers.add((program.constants.len() + k) * block);
                    let op = Opcode::ALL[words[0] as usize];
                    let second = if op.is_binary() {
                        at(words[2])
                    } else {
                        at(words[1])
                    };
                    instruction::<L::F64>(op, at(words[1]), second, words[2], result, count);
                }
            }
            for (row, &register) in program.outputs.iter().enumerate() {
                // SAFETY: chunks partition the points; the register has `count` numbers.
                unsafe {
                    let to = outputs.range(row * points + start, row * points + start + count);
                    to.copy_from_slice(std::slice::from_raw_parts(at(register), count));
                }
            }
            start += count;
        }
    }
}

/// # Safety
/// In a kernel of V's level; a and b readable, `result` writable for `count` numbers, result apart from both.
#[inline(always)]
unsafe fn instruction<V: Vector<Scalar = f64>>(
    op: Opcode,
    a: *const f64,
    b: *const f64,
    exponent: i32,
    result: *mut f64,
    count: usize,
) {
    macro_rules! each {
        (|$x:ident| $value:expr) => {
            each!(|$x, _y| $value)
        };
        (|$x:ident, $y:ident| $value:expr) => {{
            let mut i = 0;
            // SAFETY: the caller's.
            unsafe {
                while i + V::LANES <= count {
                    let ($x, $y) = (V::load(a.add(i)), V::load(b.add(i)));
                    V::store($value, result.add(i));
                    i += V::LANES;
                }
                if i < count {
                    let n = count - i;
                    let ($x, $y) = (V::load_partial(a.add(i), n), V::load_partial(b.add(i), n));
                    V::store_partial($value, result.add(i), n);
                }
            }
        }};
    }
    match op {
        Opcode::Add => each!(|x, y| x + y),
        Opcode::Sub => each!(|x, y| x - y),
        Opcode::Mul => each!(|x, y| x * y),
        Opcode::Div => each!(|x, y| x / y),
        Opcode::Neg => each!(|x| -x),
        // SAFETY: the caller's.
        Opcode::Pow => unsafe { power(a, b, result, count) },
        Opcode::Powi => each!(|x| integer_power(x, exponent)),
        Opcode::Sin => each!(|x| x.sin()),
        Opcode::Cos => each!(|x| x.cos()),
        Opcode::Tan => each!(|x| {
            let (sine, cosine) = x.sin_cos();
            sine / cosine
        }),
        Opcode::Tanh => each!(|x| x.tanh()),
        Opcode::Sinh => each!(|x| sinh(x)),
        Opcode::Cosh => each!(|x| cosh(x)),
        Opcode::Exp => each!(|x| x.exp()),
        Opcode::Log => each!(|x| x.ln()),
        Opcode::Sqrt => each!(|x| x.sqrt()),
        Opcode::Abs => each!(|x| x.abs()),
        Opcode::Sign => each!(|x| sign(x)),
    }
}
