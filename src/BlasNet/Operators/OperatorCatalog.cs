using BlasNet.Graphs;
using BlasNet.Graphs.Structure;

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
        GatherOperator.Instance, ScatterAddOperator.Instance, TotalOperator.Instance, BroadcastOperator.Instance,
        MatMulOperator.Instance, MatMulTransposedOperator.Instance, OuterProductOperator.OneByOne, OuterProductOperator.Summed,
        AddOperator.Instance, SubtractOperator.Instance, MultiplyOperator.Instance, DivideOperator.Instance, ScaleOperator.Instance,
        TanhOperator.Instance, ReluOperator.Instance, ReluGradientOperator.Instance,
        SumOperator.Elements, SumOperator.Columns, ExpandOperator.Instance,
    ];
}
