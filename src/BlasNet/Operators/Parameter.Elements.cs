namespace BlasNet.Graphs;

/// <content>Elements and ranges of a parameter, as of any expression: <c>W[0, ^1]</c>, <c>b[1..3]</c>.</content>
public sealed partial class Parameter
{
    /// <inheritdoc cref="Expr.this[System.Index]"/>
    public Expr this[Index index] => ToExpr()[index];

    /// <inheritdoc cref="Expr.this[Range]"/>
    public Expr this[Range range] => ToExpr()[range];

    /// <inheritdoc cref="Expr.this[System.Index, System.Index]"/>
    public Expr this[Index row, Index column] => ToExpr()[row, column];

    /// <inheritdoc cref="Expr.this[System.Index, Range]"/>
    public Expr this[Index row, Range columns] => ToExpr()[row, columns];

    /// <inheritdoc cref="Expr.this[Range, System.Index]"/>
    public Expr this[Range rows, Index column] => ToExpr()[rows, column];

    /// <inheritdoc cref="Expr.this[Range, Range]"/>
    public Expr this[Range rows, Range columns] => ToExpr()[rows, columns];
}
