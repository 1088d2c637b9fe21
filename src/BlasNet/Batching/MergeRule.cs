using System.Runtime.CompilerServices;
using BlasNet.Graphs;
using BlasNet.Graphs.Functions;

namespace BlasNet.Batching;

/// <summary>With what the nodes of a type merge, beside nodes that agree in operator, attribute and operands.</summary>
[Flags]
internal enum MergeRule : short
{
    None = 0,

    /// <summary>A matrix is a stack of columns.</summary>
    ColumnWise = 1,

    /// <summary>With nothing.</summary>
    Alone = 2,

    /// <summary>With terms of the same sum.</summary>
    Sum = 4,

    /// <summary>With any sums of the same shape, of any number of terms.</summary>
    Reduction = 8,

    /// <summary>With matrices of any number of columns, given the list of these.</summary>
    Segments = 16,

    /// <summary>With any matrices of the same number of rows: only columns move.</summary>
    Moves = 32,

    /// <summary>With recurrences of the same functions over any graphs.</summary>
    Recurrence = 64,

    /// <summary>Has constant numbers as operands.</summary>
    Numbers = 128,

    /// <summary>With values that have other constant numbers.</summary>
    AnyNumber = 256,

    /// <summary>With values of other numbers of columns.</summary>
    AnyColumns = ColumnWise | Segments | Moves | Recurrence,
}

/// <summary>Finds the rule of a node type, from the operator's traits and the inputs' shapes.</summary>
internal static class MergeRules
{
    private const int MostRaggedInputs = 8;

    /// <param name="graph">Of the node.</param>
    /// <param name="type">Its type.</param>
    /// <param name="inputs">Its inputs.</param>
    public static MergeRule Of(Graph graph, in NodeType type, ReadOnlySpan<int> inputs)
    {
        Merging merging = type.Operator.Merging;
        if (merging == Merging.Never)
            return MergeRule.Alone;

        if (merging == Merging.Reduction && !type.IsShared)
            return MergeRule.Reduction;

        MergeRule rule = merging == Merging.Sum ? MergeRule.Sum : MergeRule.None;
        return type.IsShared ? rule : rule | OfStack(graph, type, inputs);
    }

    /// <summary>Whether a leaf is a constant number that the program has written, in the pool of all of them; not one that an earlier round has
    /// computed.</summary>
    public static bool IsNumber(in NodeType type) =>
        type.Operator == ConstantOperator.Instance && type.Shape.IsScalar && !DataPools.IsBorrowed(type.Attribute, out _);

    private static MergeRule OfStack(Graph graph, in NodeType type, ReadOnlySpan<int> inputs)
    {
        if (type.Operator.Traits.MovesColumns)
            return MergeRule.Moves;

        if (type.Operator is RecurrenceOperator)
            return MergeRule.Recurrence;

        bool hasMatrix = type.Shape.Columns > 1 || type.Operator.Traits.IsNeverColumnWise, isMixed = false, hasNumber = false;
        foreach (int input in inputs)
        {
            ref readonly NodeType operand = ref graph.TypeOf(input);
            hasNumber |= IsNumber(operand);
            hasMatrix |= !operand.IsShared && operand.Shape.Columns > 1;
            isMixed |= !operand.IsShared && operand.Count != type.Count;
        }

        // One value for a whole stack is not in stack order.
        MergeRule rule = isMixed && type.Operator.Merging == Merging.Stack ? MergeRule.Alone
            : hasNumber && type.Operator.Traits.IsElementwise ? MergeRule.Numbers
            : MergeRule.None;
        return hasMatrix && inputs.Length <= MostRaggedInputs ? rule | OfColumns(graph, type.Operator, inputs) : rule;
    }

    [SkipLocalsInit]
    private static MergeRule OfColumns(Graph graph, Operator op, ReadOnlySpan<int> inputs)
    {
        Span<Shape> shapes = stackalloc Shape[MostRaggedInputs];
        Span<bool> shared = stackalloc bool[MostRaggedInputs];
        for (int i = 0; i < inputs.Length; i++)
            (shapes[i], shared[i]) = (graph.ShapeOf(inputs[i]), graph.IsShared(inputs[i]));

        return op.IsColumnWise(shapes[..inputs.Length], shared[..inputs.Length]) ? MergeRule.ColumnWise
            : op.Traits.OverSegments is null ? MergeRule.None
            : MergeRule.Segments;
    }
}
