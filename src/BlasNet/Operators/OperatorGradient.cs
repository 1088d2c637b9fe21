using BlasNet.Graphs;

namespace BlasNet.Operators;

/// <summary>What the gradient rule of a <see cref="CustomOperator"/> sees: the operands and the result of one node, and the loss's gradient with respect to
/// the result.</summary>
public readonly ref struct OperatorGradient
{
    private readonly GradientContext _context;

    internal OperatorGradient(in GradientContext context) => _context = context;

    /// <summary>The derivative of the loss by the result, in its shape.</summary>
    public Expr ResultGradient => _context.OutputGradient;

    /// <summary>What the operator gave.</summary>
    public Expr Result => _context.Output;

    /// <summary>What the operator was given.</summary>
    /// <exception cref="ArgumentOutOfRangeException">There is no such operand.</exception>
    public Expr Operand(int operand) => _context.Input(Checked(operand));

    /// <summary>Whether the gradient with respect to an operand is wanted; what is accumulated for others is dropped.</summary>
    /// <exception cref="ArgumentOutOfRangeException">There is no such operand.</exception>
    public bool IsNeeded(int operand) => _context.IsNeeded(Checked(operand));

    /// <summary>Adds to an operand's gradient.</summary>
    /// <param name="operand">Which operand.</param>
    /// <param name="contribution">An expression of the operand's shape.</param>
    /// <exception cref="InvalidOperationException">It has another shape.</exception>
    /// <exception cref="ArgumentOutOfRangeException">There is no such operand.</exception>
    public void Accumulate(int operand, Expr contribution) => _context.Accumulate(Checked(operand), contribution);

    private int Checked(int operand)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(operand);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(operand, _context.InputCount);
        return operand;
    }
}
