using BlasNet.Graphs;
using BlasNet.Kernels;
using BlasNet.Operators.Intrinsics;

namespace BlasNet.Operators;

/// <summary>A function of each query's scores, of which a row [1 × n·m] has m for each of n: their softmax, or their sum in the place of each of
/// them.</summary>
/// <remarks>Attribute: m, the number of keys.</remarks>
internal sealed class AttentionScoresOperator : Operator
{
    public static readonly AttentionScoresOperator Softmax = new(isSoftmax: true);
    public static readonly AttentionScoresOperator Total = new(isSoftmax: false);

    private readonly bool _isSoftmax;

    private AttentionScoresOperator(bool isSoftmax)
        : base(new()
        {
            Storage = isSoftmax ? Storage.InPlace : Storage.Computed,
            OverSegments = isSoftmax ? SegmentScoresOperator.Softmax : SegmentScoresOperator.Total,
            IsNeverColumnWise = true,
            Attention = isSoftmax ? AttentionPart.Softmax : AttentionPart.Total,
        }) => _isSoftmax = isSoftmax;

    public override string Name => _isSoftmax ? "attention-softmax" : "attention-total";

    public override Shape InferShape(ReadOnlySpan<Shape> inputs, long attribute) => inputs[0].Rows == 1 && attribute >= 1 && inputs[0].Columns % attribute == 0
        ? inputs[0]
        : throw new ShapeException(this, $"scores must be a row of a multiple of {attribute} numbers, not {inputs[0]}");

    public override long ColumnAttribute(long attribute) => 0;

    public override void AddSegments(ReadOnlySpan<Shape> inputs, Shape output, long attribute, List<int> list) =>
        list.AddRange((int)attribute, output.Columns / (int)attribute, 1);

    public override unsafe void Forward<T>(in Operands<T> stack)
    {
        int keys = (int)stack.Attribute;
        new ScoreSweep<T>(stack[0].Data, stack.Output.Data, _isSoftmax).Run([keys, stack.Output.Length / keys, 1]);
    }

    // The sum is linear, and its own adjoint. Of the softmax, dx = y∘(dy − Σ y∘dy).
    public override void Gradient(in GradientContext g)
    {
        var (y, dy, keys) = (g.Output, g.OutputGradient, g.Attribute);
        g.Accumulate(0, _isSoftmax ? Op.Multiply(y, dy - Expr.Apply(Total, Op.Multiply(y, dy), keys)) : Expr.Apply(Total, dy, keys));
    }

    public override string Describe(long attribute) => $"{attribute} keys";
}

/// <summary>The same over a ragged stack. Of each example the list has the number of keys, that of queries, and 1.</summary>
internal sealed class SegmentScoresOperator : SegmentOperator
{
    public static readonly SegmentScoresOperator Softmax = new(isSoftmax: true);
    public static readonly SegmentScoresOperator Total = new(isSoftmax: false);

    private readonly bool _isSoftmax;

    private SegmentScoresOperator(bool isSoftmax)
        : base(width: 3, attention: isSoftmax ? AttentionPart.Softmax : AttentionPart.Total) => _isSoftmax = isSoftmax;

    public override string Name => _isSoftmax ? "segment-softmax" : "segment-total";

    public override int ColumnsOf(ReadOnlySpan<int> segment, int value) => segment[0] * segment[1];

    public override unsafe void Forward<T>(in Operands<T> stack) =>
        new ScoreSweep<T>(stack[0].Data, stack.Output.Data, _isSoftmax).Run(stack.List);

    public override void Gradient(in GradientContext g)
    {
        var (y, dy) = (g.Output, g.OutputGradient);
        g.Accumulate(0, _isSoftmax ? Op.Multiply(y, dy - Append(g, Total, [Op.Multiply(y, dy).Index], y)) : Append(g, Total, [dy.Index], dy));
    }
}
