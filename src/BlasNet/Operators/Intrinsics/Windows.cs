using System.Numerics;
using BlasNet.Graphs;
using BlasNet.Kernels;

namespace BlasNet.Operators.Intrinsics;

/// <summary>The windows of a sequence, packed into a node's attribute or into three numbers of a list.</summary>
/// <remarks>In memory a window is one range, since a sequence lies column by column.</remarks>
/// <param name="Columns">Length of the sequence; 0 where an operator has it from its operand.</param>
/// <param name="Width">Vectors of a window.</param>
/// <param name="Stride">Vectors from the start of a window to that of the next.</param>
internal readonly record struct Windows(int Columns, int Width, int Stride)
{
    /// <summary>Numbers of a segment's windows in a list.</summary>
    public const int Numbers = 3;

    private const int Limit = ushort.MaxValue;

    /// <summary>How many windows there are.</summary>
    public int Count => ((Columns - Width) / Stride) + 1;

    /// <summary>Width and stride take 16 bits each; one that does not fit becomes 0, which no operator accepts.</summary>
    public long Attribute => (long)Columns << 32 | (uint)(InRange(Width) << 16) | (uint)InRange(Stride);

    public static Windows Of(long attribute) => new((int)(attribute >> 32), (int)(attribute >> 16) & Limit, (int)attribute & Limit);

    public static Windows Of(ReadOnlySpan<int> segment) => new(segment[0], segment[1], segment[2]);

    /// <summary>The windows of a sequence of a certain length.</summary>
    /// <param name="op">For the error.</param>
    /// <param name="columns">The length.</param>
    /// <exception cref="ShapeException">There is none.</exception>
    public Windows Over(Operator op, int columns)
    {
        if (Width == 0 || Stride == 0)
            throw new ShapeException(op, $"width and stride must be between 1 and {Limit}");

        return columns >= Width ? this with { Columns = columns }
            : throw new ShapeException(op, $"a window of {Width} vectors needs as many columns, not {columns}");
    }

    public void AddTo(List<int> list) => list.AddRange(Columns, Width, Stride);

    /// <summary>y[·, j] ← window j of x.</summary>
    /// <param name="x">[rows × columns].</param>
    /// <param name="y">[width·rows × count].</param>
    /// <param name="rows">Elements of a vector.</param>
    public unsafe void Unfold<T>(T* x, T* y, int rows) where T : unmanaged, IBinaryFloatingPointIeee754<T> =>
        Rows.Copy(x, (nint)Stride * rows, y, (nint)Width * rows, (nint)Width * rows, Count);

    /// <summary>Window j of y += x[·, j].</summary>
    /// <param name="x">[width·rows × count].</param>
    /// <param name="y">[rows × columns].</param>
    /// <param name="rows">Elements of a vector.</param>
    public unsafe void Fold<T>(T* x, T* y, int rows) where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        // Vector by vector, since windows overlap: what is added at once must not.
        for (nint k = 0; k < Width; k++)
            Rows.Add(x + (k * rows), (nint)Width * rows, y + (k * rows), (nint)Stride * rows, rows, Count);
    }

    public override string ToString() => Stride == 1 ? $"{Width}" : $"{Width}, stride {Stride}";

    private static int InRange(int number) => number is > 0 and <= Limit ? number : 0;
}

/// <summary>The windows of each segment.</summary>
internal sealed class SegmentUnfoldOperator() : SegmentOperator(Windows.Numbers)
{
    public static readonly SegmentUnfoldOperator Instance = new();

    public override string Name => "segment-unfold";

    public override int ColumnsOf(ReadOnlySpan<int> segment, int value) => value == Output ? Windows.Of(segment).Count : segment[0];

    public override unsafe void Forward<T>(in Operands<T> stack)
    {
        Operand<T> x = stack[0], y = stack.Output;
        T* source = x.Data, target = y.Data;
        for (ReadOnlySpan<int> rest = stack.List; rest.Length > 0; rest = rest[Windows.Numbers..])
        {
            Windows windows = Windows.Of(rest);
            windows.Unfold(source, target, x.Shape.Rows);
            source += (nint)windows.Columns * x.Shape.Rows;
            target += (nint)windows.Count * y.Shape.Rows;
        }
    }

    public override void Gradient(in GradientContext g) =>
        g.Accumulate(0, Append(g, SegmentFoldOperator.Instance, [g.OutputGradient.Index], g.Input(0)));
}

/// <summary>Adds the windows of each segment up where they were taken from.</summary>
internal sealed class SegmentFoldOperator() : SegmentOperator(Windows.Numbers, canAccumulate: true)
{
    public static readonly SegmentFoldOperator Instance = new();

    public override string Name => "segment-fold";

    public override int ColumnsOf(ReadOnlySpan<int> segment, int value) => value == Output ? segment[0] : Windows.Of(segment).Count;

    public override unsafe void Forward<T>(in Operands<T> stack)
    {
        Operand<T> x = stack[0], y = stack.Output;
        if (!stack.Accumulate)
            y.Span.Clear();

        T* source = x.Data, target = y.Data;
        for (ReadOnlySpan<int> rest = stack.List; rest.Length > 0; rest = rest[Windows.Numbers..])
        {
            Windows windows = Windows.Of(rest);
            windows.Fold(source, target, y.Shape.Rows);
            source += (nint)windows.Count * x.Shape.Rows;
            target += (nint)windows.Columns * y.Shape.Rows;
        }
    }

    public override void Gradient(in GradientContext g) =>
        g.Accumulate(0, Append(g, SegmentUnfoldOperator.Instance, [g.OutputGradient.Index], g.Input(0)));
}
