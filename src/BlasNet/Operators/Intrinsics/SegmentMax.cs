using System.Numerics;
using BlasNet.Graphs;
using BlasNet.Kernels;

namespace BlasNet.Operators.Intrinsics;

/// <summary>For each segment, in each row the value where the largest key is; or zeros but for a vector's elements there.</summary>
internal sealed class SegmentMaxOperator : SegmentOperator
{
    public static readonly SegmentMaxOperator Select = new("segment-max");
    public static readonly SegmentMaxOperator Place = new("segment-max-gradient");

    private SegmentMaxOperator(string name) => Name = name;

    public override string Name { get; }

    public override int ColumnsOf(ReadOnlySpan<int> segment, int value) => value == (this == Select ? Output : 1) ? 1 : segment[0];

    // Derivatives of several maxima may be one constant vector.
    public override bool MayShare(int input) => this == Place && input == 1;

    public override unsafe void Forward<T>(in Operands<T> stack)
    {
        int rows = stack.Output.Shape.Rows;
        T* key = stack[0].Data, value = stack[1].Data, y = stack.Output.Data;
        int step = stack[1].Vectors == 1 ? 0 : rows;   // one vector is that of all segments
        foreach (int columns in stack.List)
        {
            Run(key, value, y, rows, columns, places: this == Place);
            int size = rows * columns;
            key += size;
            value += this == Place ? step : size;
            y += this == Place ? size : rows;
        }
    }

    public override void Gradient(in GradientContext g) =>
        g.Accumulate(1, Append(g, this == Select ? Place : Select, [g.Input(0).Index, g.OutputGradient.Index], g.Input(1)));

    /// <summary>The kernel for one matrix of keys.</summary>
    /// <param name="key">[rows × columns].</param>
    /// <param name="value">As large, or where it is placed, [rows].</param>
    /// <param name="y">[rows], or where the value is placed, as large as the keys.</param>
    /// <param name="rows">Number of rows.</param>
    /// <param name="columns">Number of columns.</param>
    /// <param name="places">Whether the value is placed.</param>
    internal static unsafe void Run<T>(T* key, T* value, T* y, int rows, int columns, bool places) where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        T* column = Scratch<T>.Get(rows);
        Columns<T>.Widest.LargestColumn(key, rows, columns, column);
        if (places)
            new Span<T>(y, rows * columns).Clear();

        for (int i = 0; i < rows; i++)
        {
            nint place = (nint.CreateTruncating(column[i]) * rows) + i;
            if (places)
                y[place] = value[i];
            else
                y[i] = value[place];
        }
    }
}
