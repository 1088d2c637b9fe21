using System.Collections.Concurrent;
using BlasNet.Graphs;
using BlasNet.Kernels;
using BlasNet.Memory;

namespace BlasNet.Operators;

public static partial class Op
{
    /// <summary>Multiplies a matrix with a value: y = W·x.</summary>
    /// <param name="w">[m × k]; usually a parameter, the same for every example.</param>
    /// <param name="x">[k] or [k × c]; one example's value.</param>
    /// <returns>[m] or [m × c].</returns>
    /// <remarks>Over a stack of n examples with one W this is a single GEMM, [n·c × k]·[k × m].</remarks>
    /// <exception cref="ShapeException">Columns of <paramref name="w"/> differ from rows of <paramref name="x"/>.</exception>
    public static Expr MatMul(Expr w, Expr x) => Expr.Apply(MatMulOperator.Instance, w, x);
}

/// <summary>W·x, or W·x + b, whose sums start from b, or a function of each element of these. <c>Fuse</c> rewrites a product to one of the latter if its only
/// reader adds b or is the function. Attribute: the function's.</summary>
internal sealed class MatMulOperator : Operator, IMatrixProduct
{
    public static readonly MatMulOperator Instance = new(hasBias: false);
    public static readonly MatMulOperator Affine = new(hasBias: true);

    private static readonly ConcurrentDictionary<(bool HasBias, ElementwiseOperator Function), MatMulOperator> Finished = [];

    private readonly bool _hasBias;
    private readonly ElementwiseOperator? _function;

    private MatMulOperator(bool hasBias, ElementwiseOperator? function = null)
        : base(new() { CanAccumulate = !hasBias && function is null }) => (_hasBias, _function) = (hasBias, function);

    public override string Name => (_hasBias ? "affine" : "matmul") + (_function is null ? "" : $"-{_function.Name}");

    public Operator? WithBias => _hasBias || _function is not null ? null : Affine;

    public Operator? Then(Operator function) => _function is null && function is ElementwiseOperator f && !f.Finish<float>(0).IsNone
        ? Finished.GetOrAdd((_hasBias, f), key => new(key.HasBias, key.Function))
        : null;

    public override Shape InferShape(ReadOnlySpan<Shape> inputs, long attribute)
    {
        var (w, x) = (inputs[0], inputs[1]);
        if (w.Columns != x.Rows)
            throw new ShapeException(this, $"left columns ({w.Columns}) must equal right rows ({x.Rows})");

        if (_hasBias && inputs[2] != new Shape(w.Rows))
            throw new ShapeException(this, $"the bias ({inputs[2]}) must have the left rows ({w.Rows})");

        return new Shape(w.Rows, x.Columns);
    }

    public override bool IsColumnWise(ReadOnlySpan<Shape> inputs, ReadOnlySpan<bool> shared) => shared[0] && !shared[1] && !shared[2..].Contains(false);

    public long Flops(Graph graph, int node) => 2L * graph.ShapeOf(node).Size * graph.ShapeOf(graph.InputsOf(node)[0]).Columns;

    public override unsafe void Forward<T>(in Operands<T> stack)
    {
        Operand<T> w = stack[0], x = stack[1], y = stack.Output, b = _hasBias ? stack[2] : default;   // whose address is null
        GemmFinish<T> finish = _function is null ? default : _function.Finish<T>(stack.Attribute);
        if (w.Count == 1 && b.Count <= 1)
        {
            Gemm.Multiply(Columns(x), Weight(w, 0), Columns(y), stack.Accumulate, b.Data, w.Packed, finish);
            return;
        }

        for (int i = 0; i < y.Count; i++)
            Gemm.Multiply(Columns(x, i), Weight(w, i), Columns(y, i), stack.Accumulate, b.At(i), packed: null, finish);
    }

    public override void Gradient(in GradientContext g)
    {
        if (_function is not null)
            throw new InvalidOperationException("Error in BlasNet: a product is given its function after differentiating.");

        var (w, x, dy) = (g.Input(0), g.Input(1), g.OutputGradient);
        if (g.IsNeeded(0))
            g.Accumulate(0, g.IsShared(0) ? Op.OuterProductSum(dy, x) : Op.OuterProduct(dy, x));   // dW = dy·xᵀ, summed where W is shared

        if (g.IsNeeded(1))
            g.Accumulate(1, Op.MatMulTransposed(w, dy));   // dx = Wᵀ·dy

        if (_hasBias && g.IsNeeded(2))
            g.Accumulate(2, Op.SumTo(g.Input(2).Shape, dy));   // db = dy
    }

    public override string Describe(long attribute) => _function?.Describe(attribute) ?? "";

    /// <summary>All column vectors of a stack, one per row of a row-major matrix.</summary>
    internal static unsafe Matrix<T> Columns<T>(Operand<T> value) where T : unmanaged, System.Numerics.IBinaryFloatingPointIeee754<T> =>
        new(value.Data, value.Vectors, value.Shape.Rows);

    /// <summary>The column vectors of one value of a stack.</summary>
    internal static unsafe Matrix<T> Columns<T>(Operand<T> value, int i) where T : unmanaged, System.Numerics.IBinaryFloatingPointIeee754<T> =>
        new(value.At(i), value.Shape.Columns, value.Shape.Rows);

    /// <summary>A weight [m × k], stored column by column: the row-major matrix B [k × m] of <see cref="Gemm"/>.</summary>
    internal static unsafe Matrix<T> Weight<T>(Operand<T> w, int i) where T : unmanaged, System.Numerics.IBinaryFloatingPointIeee754<T> =>
        new(w.At(i), w.Shape.Columns, w.Shape.Rows);
}
