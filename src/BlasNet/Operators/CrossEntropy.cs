using System.Numerics;
using BlasNet.Graphs;
using BlasNet.Kernels;

namespace BlasNet.Operators;

public static partial class Op
{
    /// <summary>The negative logarithm of the probability that the softmax of the logits gives to the right class: ln Σ_k exp(z_k) − z_label.</summary>
    /// <param name="logits">[m]; one number for each class, of any size and sign.</param>
    /// <param name="label">0 … m − 1, the right class.</param>
    /// <returns>A scalar, in nats.</returns>
    /// <exception cref="ShapeException"><paramref name="logits"/> is not a vector.</exception>
    /// <exception cref="ArgumentOutOfRangeException">There are not so many classes.</exception>
    public static Expr CrossEntropy(Expr logits, int label)
    {
        CrossEntropyOperator op = CrossEntropyOperator.Instance;
        return Expr.Apply(op, logits, logits.Graph.Index(IndexOperand.Require(op, logits, label, logits.Shape.Rows, CrossEntropyOperator.LimitName)));
    }

    /// <summary>The negative logarithm of the probability that the softmax of the logits gives to the right class: ln Σ_k exp(z_k) − z_label.</summary>
    /// <param name="logits">[m]; one number for each class, of any size and sign.</param>
    /// <param name="label">The right class, from <see cref="Graph.Index"/>.</param>
    /// <returns>A scalar, in nats.</returns>
    /// <exception cref="ShapeException"><paramref name="logits"/> is not a vector, or <paramref name="label"/> not a scalar.</exception>
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
        if (!logits.IsVector)
            throw new ShapeException(this, $"the logits must be a vector, not {logits}");

        if (!label.IsScalar)
            throw new ShapeException(this, $"the label must be a scalar, not {label}");

        return Shape.Scalar;
    }

    public override unsafe void Forward<T>(in Operands<T> stack)
    {
        Operand<T> logits = stack[0], label = stack[1], y = stack.Output;
        int classes = logits.Shape.Rows;
        IndexOperand.CheckAll(this, label, classes);
        for (int i = 0, count; i < y.Count; i += count)
        {
            count = logits.StretchFrom(i, y.Count, out T* z);
            Columns<T>.Widest.CrossEntropy(z != null ? z : Zeros<T>(classes), StepOf(logits), label.At(i), StepOf(label), y.At(i), classes, count);
        }
    }

    /// <summary>A vector of zeros.</summary>
    internal static unsafe T* Zeros<T>(int length) where T : unmanaged
    {
        T* zeros = Scratch<T>.Get(length);
        new Span<T>(zeros, length).Clear();
        return zeros;
    }

    /// <summary>Elements from one value of a stack to the next: 0 if it is the same.</summary>
    internal static nint StepOf<T>(Operand<T> operand) where T : unmanaged, IBinaryFloatingPointIeee754<T> => operand.Count == 1 ? 0 : operand.Shape.Rows;

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
        if (!inputs[0].IsVector || !inputs[1].IsScalar || !inputs[2].IsScalar || !inputs[3].IsScalar)
            throw new ShapeException(this, $"needs a vector and three scalars, not {inputs[0]}, {inputs[1]}, {inputs[2]} and {inputs[3]}");

        return inputs[0];
    }

    public override unsafe void Forward<T>(in Operands<T> stack)
    {
        Operand<T> logits = stack[0], label = stack[1], gradient = stack[2], loss = stack[3], y = stack.Output;
        int classes = logits.Shape.Rows;
        IndexOperand.CheckAll(this, label, classes);
        for (int i = 0, count; i < y.Count; i += count)
        {
            count = logits.StretchFrom(i, y.Count, out T* z);
            Columns<T>.Widest.CrossEntropyGradient(
                z != null ? z : CrossEntropyOperator.Zeros<T>(classes), CrossEntropyOperator.StepOf(logits), label.At(i), CrossEntropyOperator.StepOf(label),
                gradient.At(i), CrossEntropyOperator.StepOf(gradient), loss.At(i), CrossEntropyOperator.StepOf(loss), y.At(i), classes, classes, count);
        }
    }

    public override void Gradient(in GradientContext g)
    {
        var (z, label, dl, u) = (g.Input(0), g.Input(1), g.Input(2), g.OutputGradient);
        if (g.IsNeeded(0))
            g.Accumulate(0, SoftmaxOperator.Backward(Op.Softmax(z), u) * dl);

        if (g.IsNeeded(2))
            g.Accumulate(2, Op.Dot(Expr.Apply(Instance, [z, label, z.Graph.Constant(1), g.Input(3)]), u));
    }
}
