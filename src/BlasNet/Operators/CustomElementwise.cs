using System.Numerics;
using System.Runtime.CompilerServices;
using BlasNet.Graphs;

namespace BlasNet.Operators;

/// <summary>Computes a function of each number of a row.</summary>
/// <typeparam name="T">The model's precision.</typeparam>
/// <param name="x">The numbers.</param>
/// <param name="y">Receives as many; may be the same memory as <paramref name="x"/>.</param>
public delegate void ElementwiseKernel<T>(ReadOnlySpan<T> x, Span<T> y);

/// <summary>An element-wise operator of your own, in one line: its value, and its derivative as an expression.</summary>
/// <remarks>
/// It is merged, planned and differentiated as the operators of <see cref="Op"/>, and takes part in sweeps with its neighbours; made of
/// expressions also in the machine code that cells of functions become. Its derivative is made of expressions, so it can be differentiated
/// again. Keep one instance of it: two are two operators, whose values do not merge. Where the derivative is what differentiating the value
/// would give, a <see cref="Function"/> does without it.
/// <para><c>GradientCheck</c> compares the derivative with differences. Any number of threads use an instance at once.</para>
/// </remarks>
/// <example><code>
/// static readonly CustomElementwise Softclip = CustomElementwise.Define("softclip", x => 3 * Tanh(x / 3), (x, y) => 1 - Square(y / 3));
/// static readonly CustomElementwise Sin = CustomElementwise.Define("sin", TensorPrimitives.Sin, TensorPrimitives.Sin,
///     (x, y) => Cos.Apply(x));
/// </code></example>
public sealed class CustomElementwise
{
    private readonly Node _node;

    private CustomElementwise(Node node) => _node = node;

    /// <summary>As printed in graphs and errors.</summary>
    public string Name => _node.Name;

    /// <summary>An operator whose value is an expression.</summary>
    /// <param name="name">For printers and errors.</param>
    /// <param name="value">y of x, by element-wise operators and numbers. Runs once, on an expression that stands for a value of any
    /// shape.</param>
    /// <param name="derivative">dy/dx of x and y, likewise.</param>
    /// <exception cref="ArgumentException">The value or the derivative is made of anything else: of a sum, a parameter, a call of a
    /// function.</exception>
    public static CustomElementwise Define(string name, Func<Expr, Expr> value, Func<Expr, Expr, Expr> derivative)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(name);
        ArgumentNullException.ThrowIfNull(value);
        ArgumentNullException.ThrowIfNull(derivative);
        var expression = new ElementwiseExpression(name, nameof(value), 1, given => value(given[0]));
        if (expression.IsNumber)
            throw new ArgumentException($"{name}: the value does not depend on its argument.", nameof(value));

        return new CustomElementwise(new Node(name, expression, single: null, ofDouble: null, DerivativeOf(name, derivative)));
    }

    /// <summary>An operator whose value is computed by functions of rows, such as those of <c>TensorPrimitives</c>.</summary>
    /// <param name="name">For printers and errors.</param>
    /// <param name="single">y of x in single precision.</param>
    /// <param name="ofDouble">The same in double precision.</param>
    /// <param name="derivative">dy/dx of x and y, by element-wise operators and numbers; this operator itself is one. Runs once, when the
    /// first gradient is made.</param>
    /// <remarks>The functions are called by several threads at once. A derivative made of anything else is an
    /// <see cref="ArgumentException"/> when the first gradient is made.</remarks>
    public static CustomElementwise Define(
        string name, ElementwiseKernel<float> single, ElementwiseKernel<double> ofDouble, Func<Expr, Expr, Expr> derivative)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(name);
        ArgumentNullException.ThrowIfNull(single);
        ArgumentNullException.ThrowIfNull(ofDouble);
        ArgumentNullException.ThrowIfNull(derivative);
        return new CustomElementwise(new Node(name, value: null, single, ofDouble, DerivativeOf(name, derivative)));
    }

    /// <summary>The function of each element.</summary>
    /// <param name="x">Any shape.</param>
    /// <returns>The shape of <paramref name="x"/>.</returns>
    public Expr Apply(Expr x) => Expr.Apply(_node, x);

    // Traced when it is needed: it may be made of operators that are defined later, or of the operator itself.
    private static Lazy<ElementwiseExpression> DerivativeOf(string name, Func<Expr, Expr, Expr> derivative) =>
        new(() => new ElementwiseExpression(name, nameof(derivative), 2, given => derivative(given[0], given[1])));

    /// <summary>As passes see it.</summary>
    /// <param name="name">As printed.</param>
    /// <param name="value">Its value; null where it is computed by kernels.</param>
    /// <param name="single">Computes its value in single precision.</param>
    /// <param name="ofDouble">Computes its value in double precision.</param>
    /// <param name="derivative">Of x and y.</param>
    internal sealed unsafe class Node(
        string name, ElementwiseExpression? value, ElementwiseKernel<float>? single, ElementwiseKernel<double>? ofDouble,
        Lazy<ElementwiseExpression> derivative)
        : Operator(new() { Storage = Storage.InPlace, IsElementwise = value is { HasVectors: true }, IsCostly = true })
    {
        public override string Name => name;

        public override Shape InferShape(ReadOnlySpan<Shape> inputs, long attribute) => inputs[0];

        public override bool IsColumnWise(ReadOnlySpan<Shape> inputs, ReadOnlySpan<bool> shared) => true;

        public override V Apply<V, T>(ReadOnlySpan<V> operands, long attribute) => value!.Apply<V, T>(operands);

        public override void Forward<T>(in Operands<T> stack)
        {
            Rows<T> rows = new(stack);
            for (int i = 0; i < rows.Count; i++)
            {
                if (value is not null)
                    value.Run(rows.X(i), rows.Y(i), rows.Length);
                else if (typeof(T) == typeof(float))
                    single!(new((float*)rows.X(i), rows.Length), new((float*)rows.Y(i), rows.Length));
                else
                    ofDouble!(new((double*)rows.X(i), rows.Length), new((double*)rows.Y(i), rows.Length));
            }
        }

        public override void Gradient(in GradientContext g) =>
            g.Accumulate(0, Op.Multiply(g.OutputGradient, derivative.Value.AppendTo(g.Graph, g.Input(0), g.Output)));
    }

    /// <summary>A stack as rows of numbers that lie one after another: one, where all of it does.</summary>
    private readonly unsafe ref struct Rows<T> where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        private readonly Operand<T> _x, _y;
        private readonly int _vectors;
        private readonly nint _stride;

        public Rows(in Operands<T> stack)
        {
            (_x, _y) = (stack[0], stack.Output);
            (int parts, _vectors, _stride) = _x.Over(_y);
            bool isOne = parts == 1 && _stride == _y.Shape.Rows && _y.Stride == _y.Shape.Rows;
            (Count, Length) = isOne ? (1, checked(_vectors * _y.Shape.Rows)) : (parts * _vectors, _y.Shape.Rows);
        }

        public int Count { get; }

        public int Length { get; }

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public T* X(int row) => _x.Data + (row % _vectors * _stride);

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public T* Y(int row) => _y.At(row / _vectors) + (row % _vectors * (nint)_y.Stride);
    }
}
