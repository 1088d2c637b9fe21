using System.Globalization;
using System.Numerics;
using BlasNet.Graphs;
using BlasNet.Kernels;

namespace BlasNet.Operators;

/// <summary>What the operators that take an index have in common: the index must be below a limit.</summary>
internal static class IndexOperand
{
    /// <summary>Checks the index of a node that has just been made, where it is the user's number.</summary>
    /// <returns>The same node.</returns>
    /// <exception cref="ArgumentOutOfRangeException">The index is not below the limit.</exception>
    public static Expr Check(Expr node, int input, int limit, string limitName)
    {
        Graph graph = node.Graph;
        int index = graph.InputsOf(node.Index)[input];
        if (graph.OperatorOf(index) == IndexOperator.Instance)
        {
            Expr operand = graph.At(graph.InputsOf(node.Index)[0]);
            for (int i = 0; i < graph.LengthOf(index); i++)
                Require(graph.OperatorOf(node.Index), operand, (int)graph.Data.ElementAt(graph.AttributeOf(index), i), limit, limitName);
        }

        return node;
    }

    /// <summary>Checks the index of a node that is about to be made.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The index is negative or not below the limit.</exception>
    public static void Require(Operator op, Expr operand, int index, int limit, string limitName)
    {
        if ((uint)index >= limit)
            ThrowOutOfRange(op, operand, index, limit, limitName);
    }

    /// <summary>Checks the indices of a node that is about to be made.</summary>
    /// <exception cref="ArgumentOutOfRangeException">One is negative or not below the limit.</exception>
    public static void Require(Operator op, Expr operand, ReadOnlySpan<int> indices, int limit, string limitName)
    {
        foreach (int index in indices)
            Require(op, operand, index, limit, limitName);
    }

    /// <summary>Makes a node of an operand and an index that a user gives: data of the example, or within a function, where it is the same for every call, a
    /// constant.</summary>
    /// <exception cref="ArgumentOutOfRangeException">It is not below the limit, or above 2²⁴, the last integer that single precision holds exactly with all
    /// before it.</exception>
    public static Expr Apply(Operator op, Graph graph, Expr operand, int index, int limit, string limitName)
    {
        Require(op, operand, index, limit, limitName);
        return Expr.Apply(op, operand, Leaf(graph, index));
    }

    /// <summary>The same with several of them, [1 × n].</summary>
    /// <inheritdoc cref="Apply(Operator, Graph, Expr, int, int, string)" path="/exception"/>
    public static Expr Apply(Operator op, Graph graph, Expr operand, ReadOnlySpan<int> indices, int limit, string limitName)
    {
        Require(op, operand, indices, limit, limitName);
        return Expr.Apply(op, operand, Leaf(graph, indices));
    }

    private static Expr Leaf(Graph graph, int index)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(index, 1 << 24);
        return graph.Body is null ? graph.Index(index) : graph.OwnConstant(index);
    }

    private static Expr Leaf(Graph graph, ReadOnlySpan<int> indices)
    {
        if (graph.Body is null)
            return graph.Indices(indices);

        var values = new double[indices.Length];
        for (int i = 0; i < values.Length; i++)
        {
            ArgumentOutOfRangeException.ThrowIfGreaterThan(indices[i], 1 << 24, nameof(indices));
            values[i] = indices[i];
        }

        return graph.OwnConstant(values, new Shape(1, values.Length));
    }

    /// <summary>An index of a stack, whose columns are counted over all values.</summary>
    /// <exception cref="InvalidOperationException">The index was computed, and is not an integer below the limit.</exception>
    public static unsafe int At<T>(Operator op, Operand<T> index, int i, int limit) where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        T value = index.VectorAt(i)[0];
        if (!(value >= T.Zero && value < T.CreateTruncating(limit) && T.IsInteger(value)))
            throw new InvalidOperationException(string.Create(
                CultureInfo.InvariantCulture, $"{op.Name}: index {value} is not a whole number between 0 and {limit - 1}."));

        return int.CreateTruncating(value);
    }

    /// <summary>The indices of a stack, each checked as <see cref="At{T}"/> does; valid until the thread's next kernel.</summary>
    /// <param name="op">For the error.</param>
    /// <param name="index">One for each column of each value, or those of one value for all.</param>
    /// <param name="count">Number of columns of all values.</param>
    /// <param name="limit">Above the largest.</param>
    public static unsafe ReadOnlySpan<int> All<T>(Operator op, Operand<T> index, int count, int limit) where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        var indices = new Span<int>(Scratch<int>.Get(count), count);
        for (int i = 0; i < count; i++)
            indices[i] = At(op, index, i, limit);

        return indices;
    }

    /// <summary>Checks every index of a stack, as <see cref="At{T}"/> does.</summary>
    public static void CheckAll<T>(Operator op, Operand<T> index, int limit) where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        for (int i = 0; i < index.Vectors; i++)
            At(op, index, i, limit);
    }

    private static void ThrowOutOfRange(Operator op, Expr operand, int index, int limit, string limitName)
    {
        string least = index < 0 ? "at least 0 and " : "";
        throw new ArgumentOutOfRangeException(null, string.Create(
            CultureInfo.InvariantCulture, $"{op.Name}: index {index} must be {least}less than {limitName} ({limit}). Input: {operand}."));
    }
}
