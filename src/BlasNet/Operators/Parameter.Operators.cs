namespace BlasNet.Graphs;

/// <content>A parameter is an expression: <c>-b</c>, <c>2 * b</c>, <c>W + V</c> are what they are for expressions.</content>
/// <remarks>Of two operands the language looks for operators in their own types only, so each stands here once more; F# and Visual Basic find them
/// too.</remarks>
public sealed partial class Parameter
{
    /// <inheritdoc cref="Expr.op_Addition(Expr, Expr)"/>
    public static Expr operator +(Parameter a, Parameter b) => a.ToExpr() + b.ToExpr();

    /// <inheritdoc cref="Expr.op_Addition(Expr, Expr)"/>
    public static Expr operator +(Parameter a, Expr b) => a.ToExpr() + b;

    /// <inheritdoc cref="Expr.op_Addition(Expr, Expr)"/>
    public static Expr operator +(Expr a, Parameter b) => a + b.ToExpr();

    /// <inheritdoc cref="Expr.op_Addition(Expr, double)"/>
    public static Expr operator +(Parameter a, double b) => a.ToExpr() + b;

    /// <inheritdoc cref="Expr.op_Addition(double, Expr)"/>
    public static Expr operator +(double a, Parameter b) => a + b.ToExpr();

    /// <inheritdoc cref="Expr.op_Subtraction(Expr, Expr)"/>
    public static Expr operator -(Parameter a, Parameter b) => a.ToExpr() - b.ToExpr();

    /// <inheritdoc cref="Expr.op_Subtraction(Expr, Expr)"/>
    public static Expr operator -(Parameter a, Expr b) => a.ToExpr() - b;

    /// <inheritdoc cref="Expr.op_Subtraction(Expr, Expr)"/>
    public static Expr operator -(Expr a, Parameter b) => a - b.ToExpr();

    /// <inheritdoc cref="Expr.op_Subtraction(Expr, double)"/>
    public static Expr operator -(Parameter a, double b) => a.ToExpr() - b;

    /// <inheritdoc cref="Expr.op_Subtraction(double, Expr)"/>
    public static Expr operator -(double a, Parameter b) => a - b.ToExpr();

    /// <inheritdoc cref="Expr.op_UnaryNegation(Expr)"/>
    public static Expr operator -(Parameter x) => -x.ToExpr();

    /// <inheritdoc cref="Expr.op_Multiply(Expr, Expr)"/>
    public static Expr operator *(Parameter a, Parameter b) => a.ToExpr() * b.ToExpr();

    /// <inheritdoc cref="Expr.op_Multiply(Expr, Expr)"/>
    public static Expr operator *(Parameter a, Expr b) => a.ToExpr() * b;

    /// <inheritdoc cref="Expr.op_Multiply(Expr, Expr)"/>
    public static Expr operator *(Expr a, Parameter b) => a * b.ToExpr();

    /// <inheritdoc cref="Expr.op_Multiply(Expr, double)"/>
    public static Expr operator *(Parameter a, double b) => a.ToExpr() * b;

    /// <inheritdoc cref="Expr.op_Multiply(double, Expr)"/>
    public static Expr operator *(double a, Parameter b) => a * b.ToExpr();

    /// <inheritdoc cref="Expr.op_Division(Expr, Expr)"/>
    public static Expr operator /(Parameter a, Parameter b) => a.ToExpr() / b.ToExpr();

    /// <inheritdoc cref="Expr.op_Division(Expr, Expr)"/>
    public static Expr operator /(Parameter a, Expr b) => a.ToExpr() / b;

    /// <inheritdoc cref="Expr.op_Division(Expr, Expr)"/>
    public static Expr operator /(Expr a, Parameter b) => a / b.ToExpr();

    /// <inheritdoc cref="Expr.op_Division(Expr, double)"/>
    public static Expr operator /(Parameter a, double b) => a.ToExpr() / b;

    /// <inheritdoc cref="Expr.op_Division(double, Expr)"/>
    public static Expr operator /(double a, Parameter b) => a / b.ToExpr();
}
