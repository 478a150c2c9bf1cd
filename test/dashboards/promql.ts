import { parser } from '@prometheus-io/lezer-promql';
import type { SyntaxNode } from '@lezer/common';

/** One selector of a query, with its matchers as they are written. */
export interface Selector {
  readonly metric: string;
  readonly matchers: readonly { readonly label: string; readonly operator: string; readonly value: string }[];
  /** The range in brackets, such as `5m`; undefined for an instant. */
  readonly range: string | undefined;
  /** How long ago, such as `1m`; undefined for now. */
  readonly ago: string | undefined;
  /** The function whose argument it directly is. */
  readonly within: string | undefined;
  /** The aggregation nearest around it. */
  readonly reduced: { readonly operator: string; readonly by: readonly string[] } | undefined;
}

export interface Parsed {
  /** What could not be understood, quoted; empty for a good query. */
  readonly faults: readonly string[];
  readonly selectors: readonly Selector[];
}

/** Reads PromQL with the grammar that Prometheus' own user interface uses. */
export function parsePromql(expr: string): Parsed {
  const faults: string[] = [];
  const selectors: Selector[] = [];
  const text = (node: { readonly from: number; readonly to: number }) => expr.slice(node.from, node.to);
  parser.parse(expr).iterate({
    enter: (node) => {
      if (node.type.isError) faults.push(expr.slice(Math.max(0, node.from - 30), node.to + 30));
      if (node.name === 'VectorSelector') selectors.push(selectorOf(node.node, text));
    },
  });
  return { faults, selectors };
}

function selectorOf(node: SyntaxNode, text: (node: SyntaxNode) => string): Selector {
  const name = node.getChild('Identifier');
  const matchers = node.getChild('LabelMatchers')?.getChildren('UnquotedLabelMatcher') ?? [];
  const matrix = ancestor(node, 'MatrixSelector');
  const call = ancestor(matrix ?? node, 'FunctionCall');
  const aggregate = ancestor(node, 'AggregateExpr');
  const offset = (matrix ?? node).parent;
  return {
    metric: name === null ? '' : text(name),
    matchers: matchers.map((matcher) => {
      const [label, operator, value] = [
        matcher.getChild('LabelName'),
        matcher.getChild('MatchOp'),
        matcher.getChild('StringLiteral'),
      ].map((part) => (part === null ? '' : text(part)));
      return { label: label ?? '', operator: operator ?? '', value: (value ?? '').slice(1, -1) };
    }),
    range: matrix === undefined ? undefined : /\[([^\]]+)\]$/.exec(text(matrix))?.[1],
    ago: offset?.name === 'OffsetExpr' ? /\boffset (\S+)$/.exec(text(offset))?.[1] : undefined,
    within: call === undefined ? undefined : /^\w+/.exec(text(call))?.[0],
    reduced: aggregate === undefined ? undefined : reduction(aggregate, text),
  };
}

function reduction(aggregate: SyntaxNode, text: (node: SyntaxNode) => string) {
  const operator = aggregate.getChild('AggregateOp');
  const labels = aggregate.getChild('AggregateModifier')?.getChild('GroupingLabels')?.getChildren('LabelName') ?? [];
  return { operator: operator === null ? '' : text(operator), by: labels.map(text) };
}

/** The nearest one above with this name. */
function ancestor(node: SyntaxNode, name: string): SyntaxNode | undefined {
  for (let above = node.parent; above !== null; above = above.parent) if (above.name === name) return above;
  return undefined;
}
