using System.Numerics;
using BlasNet.Graphs;
using BlasNet.Kernels;
using static BlasNet.Operators.CrossEntropyOperator;

namespace BlasNet.Operators;

public static partial class Op
{
    /// <summary>The negative logarithm of the probability that the softmax of the logits gives to the right class: ln Σ_k exp(z_k) − z_label.</summary>
    /// <param name="logits">[m]; one number for each class, of any size and sign.</param>
    /// <param name="label">0 … m − 1, the right class. Within a function it is the same for every call; one that differs has to be an argument.</param>
    /// <returns>A scalar, in nats.</returns>
    /// <exception cref="ShapeException"><paramref name="logits"/> is not a vector.</exception>
    /// <exception cref="ArgumentOutOfRangeException">There are not so many classes.</exception>
    public static Expr CrossEntropy(Expr logits, int label) =>
        IndexOperand.Apply(CrossEntropyOperator.Instance, logits.Graph, logits, label, logits.Shape.Rows, CrossEntropyOperator.LimitName);

    /// <summary>The cross-entropy of each column: of each word of a sentence, say.</summary>
    /// <param name="logits">[m × n]; in each column one number for each class, of any size and sign.</param>
    /// <param name="labels">n of them, 0 … m − 1, the right classes.</param>
    /// <returns>[1 × n], in nats.</returns>
    /// <exception cref="ShapeException">There are not n labels.</exception>
    /// <exception cref="ArgumentOutOfRangeException">There are not so many classes.</exception>
    public static Expr CrossEntropy(Expr logits, ReadOnlySpan<int> labels) =>
        IndexOperand.Apply(CrossEntropyOperator.Instance, logits.Graph, logits, labels, logits.Shape.Rows, CrossEntropyOperator.LimitName);

    /// <summary>The negative logarithm of the probability that the softmax of the logits gives to the right class: ln Σ_k exp(z_k) − z_label.</summary>
    /// <param name="logits">[m] or [m × n]; in each column one number for each class, of any size and sign.</param>
    /// <param name="label">The right class of each column, from <see cref="Graph.Index"/> or <see cref="Graph.Indices"/>: [1 × n].</param>
    /// <returns>A scalar or [1 × n], in nats.</returns>
    /// <exception cref="ShapeException">There is not one label for each column.</exception>
    /// <exception cref="ArgumentOutOfRangeException">There are not so many classes.</exception>
    public static Expr CrossEntropy(Expr logits, Expr label) =>
        IndexOperand.Check(Expr.Apply(CrossEntropyOperator.Instance, logits, label), 1, logits.Shape.Rows, CrossEntropyOperator.LimitName);
}

internal sealed class CrossEntropyOperator() : Operator(new() { Indirect = IndirectInputs.First })
{
    public const string LimitName = "the number of logits";

    public static readonly CrossEntropyOperator Instance = new();

    public override string Name => "cross-entropy";

    public override Shape InferShape(ReadOnlySpan<Shape> inputs, long attribute)
    {
        var (logits, label) = (inputs[0], inputs[1]);
        if (label != new Shape(1, logits.Columns))
            throw new ShapeException(this, $"there must be one label for each column of the logits: {ExpectedLabels(logits)}, not {label}");

        return label;
    }

    public override bool IsColumnWise(ReadOnlySpan<Shape> inputs, ReadOnlySpan<bool> shared) => inputs[0].IsVector || !shared.Contains(true);

    public override unsafe void Forward<T>(in Operands<T> stack)
    {
        Operand<T> logits = stack[0], label = stack[1], y = stack.Output;
        int classes = logits.Shape.Rows;
        IndexOperand.CheckAll(this, label, classes);
        for (int i = 0, count; i < y.Vectors; i += count)
        {
            count = logits.StretchFrom(i, StretchEnd(y, i, logits, label), out T* z);
            Columns<T>.Widest.CrossEntropy(
                z != null ? z : Zeros<T>(classes), StepOf(logits), VectorOf(label, i), StepOf(label), y.Data + i, classes, count);
        }
    }

    private static string ExpectedLabels(Shape logits) => new Shape(1, logits.Columns).ToString();

    /// <summary>The end of the columns, from one on, of which every operand has the next one right after it, or one for all. Where an operand is a matrix
    /// for all values of the stack, that is the end of a value.</summary>
    internal static int StretchEnd<T>(Operand<T> y, int start, params ReadOnlySpan<Operand<T>> operands) where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        foreach (Operand<T> operand in operands)
        {
            if (operand.Vectors != y.Vectors && operand.Vectors != 1)
                return (start / y.Shape.Columns + 1) * y.Shape.Columns;
        }

        return y.Vectors;
    }

    /// <summary>A column of a stack, of the one value for all of it, or the one column for all.</summary>
    internal static unsafe T* VectorOf<T>(Operand<T> operand, int vector) where T : unmanaged, IBinaryFloatingPointIeee754<T> =>
        operand.Data + (nint)(operand.Count == 1 ? vector % operand.Shape.Columns : vector) * operand.Stride;

    /// <summary>A vector of zeros.</summary>
    internal static unsafe T* Zeros<T>(int length) where T : unmanaged
    {
        T* zeros = Scratch<T>.Get(length);
        new Span<T>(zeros, length).Clear();
        return zeros;
    }

    /// <summary>Elements from one column of a stack to the next: 0 if it is the same.</summary>
    internal static nint StepOf<T>(Operand<T> operand) where T : unmanaged, IBinaryFloatingPointIeee754<T> => operand.Vectors == 1 ? 0 : operand.Shape.Rows;

    public override void Gradient(in GradientContext g) =>
        g.Accumulate(0, Expr.Apply(CrossEntropyGradientOperator.Instance, [g.Input(0), g.Input(1), g.OutputGradient, g.Output]));
}

/// <summary>dz = (softmax(z) − onehot(label)) dℓ: the gradient of cross-entropy, from logits, label, the loss's gradient, and the loss itself.</summary>
/// <remarks>The loss only saves work: it holds Σ exp(z). The gradient's own derivative counts what follows from z by way of the loss as following from
/// z.</remarks>
internal sealed class CrossEntropyGradientOperator() : Operator(new() { Storage = Storage.InPlace, Indirect = IndirectInputs.First })
{
    public static readonly CrossEntropyGradientOperator Instance = new();

    public override string Name => "cross-entropy-gradient";

    public override Shape InferShape(ReadOnlySpan<Shape> inputs, long attribute)
    {
        var row = new Shape(1, inputs[0].Columns);
        if (inputs[1] != row || inputs[2] != row || inputs[3] != row)
            throw new ShapeException(this, $"needs columns and three rows, not {inputs[0]}, {inputs[1]}, {inputs[2]} and {inputs[3]}");

        return inputs[0];
    }

    public override bool IsColumnWise(ReadOnlySpan<Shape> inputs, ReadOnlySpan<bool> shared) => inputs[0].IsVector || !shared.Contains(true);

    public override unsafe void Forward<T>(in Operands<T> stack)
    {
        Operand<T> logits = stack[0], label = stack[1], gradient = stack[2], loss = stack[3], y = stack.Output;
        int classes = logits.Shape.Rows;
        IndexOperand.CheckAll(this, label, classes);
        for (int i = 0, count; i < y.Vectors; i += count)
        {
            count = logits.StretchFrom(i, StretchEnd(y, i, logits, label, gradient, loss), out T* z);
            Columns<T>.Widest.CrossEntropyGradient(
                z != null ? z : Zeros<T>(classes), StepOf(logits), VectorOf(label, i), StepOf(label),
                VectorOf(gradient, i), StepOf(gradient), VectorOf(loss, i), StepOf(loss), y.Data + (nint)i * classes, classes, classes, count);
        }
    }

    public override void Gradient(in GradientContext g)
    {
        var (z, label, dl, u) = (g.Input(0), g.Input(1), g.Input(2), g.OutputGradient);
        if (g.IsNeeded(0))
            g.Accumulate(0, Op.Multiply(SoftmaxOperator.Backward(Op.Softmax(z), u), dl));   // dl a row: each column by its own

        if (g.IsNeeded(2))
            g.Accumulate(2, Op.Dot(Expr.Apply(Instance, [z, label, Op.ExpandTo(dl.Shape, z.Graph.OwnConstant(1)), g.Input(3)]), u));
    }
}
