using System.Numerics;
using System.Runtime.CompilerServices;
using BlasNet.Graphs;

namespace BlasNet.Operators;

/// <summary>An operator of your own: its rule for shapes, its kernel and its gradient. It is batched, planned and differentiated as those of <see
/// cref="Op"/>.</summary>
/// <remarks>
/// Derive a class, keep one instance of it, and give it a function: <c>public static Expr Softsign(Expr x) => SoftsignOperator.Instance.Apply(x);</c>. Two
/// instances are two operators, whose values merge with their own only. The gradient is written as expressions, so it may be differentiated again; where it
/// is an operator of its own, that one says what its gradient is. <c>GradientCheck</c> compares it with differences. What can be written with the operators
/// there are is better a <see cref="Function"/>: its element-wise parts are fused.
/// <para>Threads: any number of them call the kernel at once, so it changes nothing but what it is given.</para>
/// </remarks>
public abstract class CustomOperator
{
    private readonly Node _node;

    /// <summary>An operator that merges the values of different examples into stacks.</summary>
    /// <param name="name">For printers and errors.</param>
    /// <param name="isColumnWise">Whether column j of the result depends only on column j of each operand, or on its only column. Then matrices of different
    /// numbers of columns merge. An operand that all examples share must be a vector.</param>
    protected CustomOperator(string name, bool isColumnWise = false)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(name);
        (Name, IsColumnWise) = (name, isColumnWise);
        _node = new Node(this);
    }

    /// <summary>As printed in graphs and errors.</summary>
    public string Name { get; }

    /// <summary>Whether columns are computed one by one.</summary>
    public bool IsColumnWise { get; }

    /// <summary>Adds a node to the operands' graph.</summary>
    /// <param name="operands">At least one.</param>
    /// <exception cref="ShapeException">They break the operator's rule.</exception>
    public Expr Apply(params ReadOnlySpan<Expr> operands) => Expr.Apply(_node, operands);

    /// <summary>The result's shape.</summary>
    /// <param name="operands">The operands' shapes.</param>
    /// <exception cref="ShapeException">They break the operator's rule; <see cref="Refuse"/> makes one that names the operands.</exception>
    protected abstract Shape InferShape(ReadOnlySpan<Shape> operands);

    /// <summary>Computes a stack: <see cref="KernelValues{T}.Count"/> results.</summary>
    /// <typeparam name="T">The model's precision.</typeparam>
    protected abstract void Forward<T>(in KernelValues<T> values) where T : unmanaged, IBinaryFloatingPointIeee754<T>;

    /// <summary>Adds, by <see cref="OperatorGradient.Accumulate"/>, what the result's gradient contributes to each operand's.</summary>
    protected abstract void Gradient(in OperatorGradient gradient);

    /// <summary>An error of <see cref="InferShape"/>, to which the operands' names and shapes are added.</summary>
    /// <param name="rule">What is broken, without a full stop.</param>
    protected ShapeException Refuse(string rule) => new(_node, rule);

    // As passes see it.
    private sealed class Node(CustomOperator custom) : Operator(new())
    {
        private Kernel<float>? _single;
        private Kernel<double>? _double;

        private delegate void Kernel<T>(in KernelValues<T> values) where T : unmanaged, IBinaryFloatingPointIeee754<T>;

        public override string Name => custom.Name;

        public override Shape InferShape(ReadOnlySpan<Shape> inputs, long attribute) => custom.InferShape(inputs) is { Size: > 0 } shape ? shape
            : throw new ShapeException($"{Name}: its shape rule gives no shape, but default(Shape).");

        public override bool IsColumnWise(ReadOnlySpan<Shape> inputs, ReadOnlySpan<bool> shared) =>
            custom.IsColumnWise && Broadcast.IsColumnWise(inputs, shared);

        // By a delegate that is made once, see Operator.Run.
        public override void Forward<T>(in Operands<T> stack)
        {
            var values = new KernelValues<T>(stack);
            if (typeof(T) == typeof(float))
                Unsafe.As<Kernel<T>>(_single ??= custom.Forward)(values);
            else
                Unsafe.As<Kernel<T>>(_double ??= custom.Forward)(values);
        }

        public override void Gradient(in GradientContext g) => custom.Gradient(new OperatorGradient(g));
    }
}
