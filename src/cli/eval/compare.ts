import { Command, Option } from 'commander';
import { readEvaluationReport } from '../../eval/datasets/evaluation-report.js';
import { compareReports, compareTable, type EvaluationReport } from '../../eval/report/compare-report.js';
import { htmlPage, htmlTable } from '../../eval/report/html-page.js';
import { checkReports, type ReportFlags, outputOptions, printScores } from './output.js';

/** `sightline eval compare`. */
export function evalCompareCommand(): Command {
  const command = new Command('compare')
    .description('two runs side by side: what changed from A to B')
    .argument('<a>', 'what another eval command printed with --json')
    .argument('<b>', 'another such file')
    .addOption(new Option('--all', 'numbers that did not change too'));
  for (const option of outputOptions()) command.addOption(option);
  return command.action((a: string, b: string, flags: ReportFlags & { readonly all?: true }) =>
    evalCompare(a, b, flags),
  );
}

async function evalCompare(
  a: string,
  b: string,
  flags: ReportFlags & { readonly all?: true },
): Promise<void> {
  await checkReports(flags, [a, b]);
  const [first, second] = await Promise.all([
    readEvaluationReport<EvaluationReport>(a),
    readEvaluationReport<EvaluationReport>(b),
  ]);
  const differences = compareReports(first, second);
  const table = compareTable(differences, flags.all === true ? 'all' : 'changed');
  await printScores(flags, {
    report: { kind: 'comparison', a, b, differences },
    table,
    exact: compareTable(differences, 'exact'),
    page: () =>
      htmlPage('Comparison', `A: ${a}; B: ${b}. Fractions in percent.`, [
        { heading: 'What changed', html: htmlTable(table.headers, table.rows) },
      ]),
    footer: table.rows.length === 0 ? 'no number differs\n' : '',
  });
}
