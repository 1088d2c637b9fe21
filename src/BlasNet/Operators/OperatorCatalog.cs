using BlasNet.Graphs;
using BlasNet.Operators.Intrinsics;

namespace BlasNet.Operators;

/// <summary>The operations of a model, one file each: functions from expressions to an expression.</summary>
/// <remarks>Use them by <c>using static BlasNet.Operators.Op;</c>. Every function checks its operands' shapes when it is called.</remarks>
public static partial class Op;

/// <summary>Every operator there is; tests take each from here.</summary>
internal static class OperatorCatalog
{
    public static IReadOnlyList<Operator> All { get; } =
    [
        ParameterOperator.Instance, InputOperator.Instance, IndexOperator.Instance, KeyOperator.Instance, ConstantOperator.Instance,
        ArgumentOperator.Instance, ResultOperator.Instance, PlusOperator.Instance,
        GatherOperator.Instance, ScatterAddOperator.Instance, TotalOperator.Instance, BroadcastOperator.Instance,
        SpreadOperator.Instance,
        MatMulOperator.Instance, MatMulOperator.Affine, MatMulTransposedOperator.Instance, OuterProductOperator.OneByOne, OuterProductOperator.Summed,
        AddOperator.Instance, SubtractOperator.Instance, MultiplyOperator.Instance, DivideOperator.Instance, ScaleOperator.Instance,
        TanhOperator.Instance, TanhGradientOperator.Instance, SigmoidOperator.Instance, SigmoidGradientOperator.Instance,
        ReluOperator.Instance, ReluGradientOperator.Instance,
        ExpOperator.Instance, LogOperator.Instance, SquareOperator.Instance, SqrtOperator.Instance, DropoutOperator.Instance,
        SumOperator.Elements, SumOperator.Columns, SumOperator.Rows, ExpandOperator.Instance, DotOperator.Instance,
        SoftmaxOperator.Instance, LogSoftmaxOperator.Instance,
        CrossEntropyOperator.Instance, CrossEntropyGradientOperator.Instance, SquaredErrorOperator.Instance,
        ConcatenateOperator.Rows, ConcatenateOperator.Columns, SliceOperator.Rows, SliceOperator.Columns, PadOperator.Rows, PadOperator.Columns,
        ReshapeOperator.Instance, TransposeOperator.Instance,
        LookupOperator.Instance, ScatterColumnOperator.OneByOne, ScatterColumnOperator.Summed,
    ];
}
