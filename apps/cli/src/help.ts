const PROBLEM = 'SPEC.json is a file with a problem, NAME one of the catalogue.';
const SET = `  --set FIELD=VALUE   overrides a field, e.g. optimizer.name=adam or stop.steps=500; may be repeated; options of
                      the former choice (here those of another optimizer) are dropped, which is said`;
const JSON_OPTION = '  --json              stdout is exactly one JSON object';

const trainingOptions = (own: string): string => `Options:
  --list              lists the catalogue
${SET}
  --threads N         threads of the engine (default: KFAC_THREADS, else all cores); results do not depend on it
  --out DIR           writes result.json, network.json and the files named above into DIR
  --resume FILE       goes on from a checkpoint, bit for bit
${own}${JSON_OPTION}
  -h, --help          this text

Ctrl-C while it trains writes a checkpoint and prints how to go on; a second one ends at once.
Exit code: 0 finished, 1 failed or diverged, 2 bad input, 130 cancelled.`;

const SOLVE_OPTIONS = `  --start-from FILE   starts from the parameters of a saved network.json; only the network and the ansatz must be the
                      same, optimizer, weights, points and equations may differ
  --estimate-error    solves it twice, from independent seeds, and reports how far the two are apart: an estimate of
                      the error, not a bound
  --spectrum          also the singular values of J, whose squares are the eigenvalues of the Gauss-Newton matrix; up to
                      3000 parameters
`;

/** The help of a command, or of the program if there is no such command. */
export function helpOf(command: string): string {
  return (Object.hasOwn(HELP, command) ? HELP[command] : undefined) ?? HELP['']!;
}

/** The texts of --help, by command; '' is the program's own. */
const HELP: Readonly<Record<string, string>> = {
  '': `kfac: second-order training for differential equations and hedging

Usage: npm run --silent kfac -- COMMAND [OPTIONS]

  solve SPEC.json|NAME   solves a differential equation with a neural network
  study SPEC.json|NAME   solves it at several numbers of points or widths: errors and observed rates
  hedge SPEC.json|NAME   trains a hedging policy and measures it against baselines
  price SPEC.json|NAME   prices a liability, without costs
  check SPEC.json|NAME   validates a problem; prints parameters, memory and the chosen optimizer
  serve                  REST service and dashboard
  help [COMMAND]         this text, or a command's; so does COMMAND --help
  --version              the version

solve --list and hedge --list show the catalogue.

Environment:
  KFAC_NATIVE            off: the slower reference engine; require: an error unless the native engine loads;
                         a path: the native engine's addon there; else the native engine if it loads
  KFAC_THREADS           what --threads says where it is not given
  KFAC_PORT, KFAC_DATA   port and data folder of serve
Exit code: 0 finished, 1 failed or diverged, 2 bad input, 130 cancelled.
`,
  solve: `Usage: kfac solve SPEC.json|NAME [OPTIONS]

Solves a differential equation with a neural network. ${PROBLEM}
--out also writes the solution with its residual and, where they are known, exact values and error on a grid as
fields.csv, fields.npy (NumPy) and fields.vtk (ParaView), and solution.mjs, an ES module without dependencies that
evaluates the solution and its derivatives.

${trainingOptions(SOLVE_OPTIONS)}
`,
  study: `Usage: kfac study SPEC.json|NAME --points N,N,… | --widths N,N,… [OPTIONS]

A convergence study: solves a differential equation at every level and from every seed; prints medians over the seeds and
the observed rate, minus the slope of log error over log level. The error is the relative L2 of the unknown where it is
largest, or without an exact solution the residual on fresh points. ${PROBLEM}

Options:
  --points N,N,…      ascending numbers of collocation points inside; those of the conditions grow in proportion
  --widths N,N,…      ascending widths of the hidden layers
  --seeds N,N,…       seeds (default: 1)
${SET}
  --threads N         threads of the engine (default: KFAC_THREADS, else all cores); results do not depend on it
  --out DIR           writes study.json and study.csv (a row for each run) into DIR
${JSON_OPTION}
  -h, --help          this text

Ctrl-C ends it and reports the runs that were complete.
Exit code: 0 finished, 1 a run diverged, 2 bad input, 130 cancelled.
`,
  hedge: `Usage: kfac hedge SPEC.json|NAME [OPTIONS]

Trains a hedging policy and measures it and its baselines on common test paths. ${PROBLEM}
--out also writes histogram.csv: the P&L of the policy and of each baseline.

${trainingOptions('')}
`,
  price: `Usage: kfac price SPEC.json|NAME [OPTIONS]

Prices the liability of a hedging problem without costs: Black–Scholes or Heston, as the market says.

Options:
${SET}
${JSON_OPTION}: { "price", "model" }
  -h, --help          this text
`,
  check: `Usage: kfac check SPEC.json|NAME [OPTIONS]

Validates a problem of either kind; prints parameters, memory, the chosen optimizer and warnings.

Options:
${SET}
${JSON_OPTION}
  -h, --help          this text

Exit code: 0 valid, 2 not valid.
`,
  serve: `Usage: kfac serve [OPTIONS]

Starts the REST service and its dashboard; unfinished runs go on from their last checkpoint. Everything that it writes
is under the data folder.

Options:
  --port N            port (default: KFAC_PORT, else 4600; 0 takes a free one)
  --data DIR          data folder (default: KFAC_DATA, else ./data)
  --host H            address to listen on (default: 127.0.0.1)
  --threads N         threads of each run's engine
  -h, --help          this text
`,
};
