using System.Numerics;
using BlasNet.Graphs;

namespace BlasNet.Operators;

/// <summary>The operands and results of one launch of a <see cref="CustomOperator"/>'s kernel: stacks of values, each column by column.</summary>
/// <typeparam name="T">The model's precision.</typeparam>
public readonly ref struct KernelValues<T> where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private readonly Operands<T> _stack;

    internal KernelValues(in Operands<T> stack) => _stack = stack;

    /// <summary>How many results there are to compute.</summary>
    public int Count => _stack.Output.Count;

    /// <summary>How many operands the operator has.</summary>
    public int OperandCount => _stack.InputCount;

    /// <summary>The shape of one result. Where the operator is column-wise it may be a single column of what <see cref="CustomOperator.InferShape"/>
    /// said.</summary>
    public Shape Shape => _stack.Output.Shape;

    /// <summary>The shape of one value of an operand.</summary>
    /// <exception cref="ArgumentOutOfRangeException">There is no such operand.</exception>
    public Shape ShapeOf(int operand) => OperandAt(operand).Shape;

    /// <summary>An operand of one of the results; for one that all examples share the same span each time.</summary>
    /// <param name="operand">Which operand.</param>
    /// <param name="value">0 … <see cref="Count"/> − 1.</param>
    /// <exception cref="ArgumentOutOfRangeException">There is no such operand or value.</exception>
    public ReadOnlySpan<T> Operand(int operand, int value)
    {
        Check(value);
        return OperandAt(operand).ValueAt(value);
    }

    /// <summary>Where one of the results goes: all of its elements have to be written, whatever they are before.</summary>
    /// <param name="value">0 … <see cref="Count"/> − 1.</param>
    /// <exception cref="ArgumentOutOfRangeException">There is no such value.</exception>
    public Span<T> Result(int value)
    {
        Check(value);
        return _stack.Output.ValueAt(value);
    }

    private Operand<T> OperandAt(int operand)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(operand);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(operand, OperandCount);
        return _stack[operand];
    }

    private void Check(int value)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(value);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(value, Count);
    }
}
