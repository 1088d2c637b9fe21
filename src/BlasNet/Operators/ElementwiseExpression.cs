using System.Buffers;
using System.Numerics;
using System.Runtime.InteropServices;
using BlasNet.Graphs;
using BlasNet.Kernels;
using BlasNet.Memory;

namespace BlasNet.Operators;

/// <summary>An expression of element-wise operators over some arguments and numbers, traced once: what is computed as one operator, or
/// appended to a graph node by node.</summary>
internal sealed unsafe class ElementwiseExpression
{
    private const int MaxOperands = 8, ChunkElements = 2048, LeastChunk = 16, MaxNodes = 256;

    private readonly Step[] _steps;
    private readonly int _arguments;
    private readonly PinnedNumbers _numbers;
    private readonly int _result;

    /// <param name="name">Of the operator that it belongs to, for errors.</param>
    /// <param name="what">It is, for errors: its value, its derivative.</param>
    /// <param name="arguments">How many arguments there are.</param>
    /// <param name="function">Runs once, on arguments that stand for values of any shape.</param>
    /// <exception cref="ArgumentException">It is made of other things.</exception>
    public ElementwiseExpression(string name, string what, int arguments, Func<Expr[], Expr> function)
    {
        var shape = new Shape(3);   // any vector: what takes it for anything else is not element-wise
        var graph = new Graph(Precision.Double) { IsBody = true };
        Expr[] given = [.. Enumerable.Range(0, arguments).Select(
            i => graph.At(graph.AppendStack(ArgumentOperator.Instance, i, [], shape, 1, shared: false)))];
        Expr result;
        using (graph.Build())
            result = function(given);

        if (graph.Count > MaxNodes)
            throw new ArgumentException($"{name}: {what} has {graph.Count} nodes; at most {MaxNodes} are one operator.", what);

        (_arguments, _result) = (arguments, result.IndexIn(graph));
        List<Step> steps = [];
        List<double> numbers = [];
        for (int node = arguments; node < graph.Count; node++)
        {
            Operator op = graph.OperatorOf(node);
            bool isNumber = op == ConstantOperator.Instance && graph.ShapeOf(node).IsScalar;
            ReadOnlySpan<int> inputs = graph.InputsOf(node);
            if (!isNumber && !(IsElementwise(op) && inputs.Length <= MaxOperands))
            {
                throw new ArgumentException(
                    $"{name}: {what} must be made of element-wise operators, of its arguments and of numbers; {op.Name} is none.", what);
            }

            steps.Add(new Step(isNumber ? null : op, isNumber ? numbers.Count : graph.AttributeOf(node), inputs.ToArray()));
            if (isNumber)
                numbers.Add(graph.Data.ElementAt(graph.AttributeOf(node), 0));
        }

        _steps = [.. steps];
        _numbers = new PinnedNumbers(CollectionsMarshal.AsSpan(numbers));
        IsNumber = result.Shape != shape;   // a scalar made of numbers alone
        HasVectors = Array.TrueForAll(_steps, step => step.Operator is null || step.Operator.Traits.IsElementwise);
    }

    /// <summary>Whether it does not depend on its arguments.</summary>
    public bool IsNumber { get; }

    /// <summary>Whether <see cref="Apply"/> gives vectors: not where a part of it is computed by functions of rows.</summary>
    public bool HasVectors { get; }

    /// <summary>Appends it to a graph, over arguments of any shape.</summary>
    public Expr AppendTo(Graph graph, params ReadOnlySpan<Expr> arguments)
    {
        Expr[] values = [.. arguments, .. new Expr[_steps.Length]];
        for (int i = 0; i < _steps.Length; i++)
        {
            Step step = _steps[i];
            values[_arguments + i] = step.Operator is null
                ? graph.OwnConstant(_numbers.Span[(int)step.Attribute])
                : Expr.Apply(step.Operator, [.. step.Inputs.Select(input => values[input])], step.Attribute);
        }

        return values[_result];
    }

    /// <summary>One vector of its value.</summary>
    public V Apply<V, T>(ReadOnlySpan<V> arguments) where V : struct, ISimd<V, T> where T : unmanaged
    {
        V[] values = [.. arguments[.._arguments], .. new V[_steps.Length]];
        var operands = new V[MaxOperands];
        for (int i = 0; i < _steps.Length; i++)
        {
            Step step = _steps[i];
            for (int j = 0; j < step.Inputs.Length; j++)
                operands[j] = values[step.Inputs[j]];

            values[_arguments + i] = step.Operator is null
                ? V.Constant(_numbers.Span[(int)step.Attribute])
                : step.Operator.Apply<V, T>(operands.AsSpan(0, step.Inputs.Length), step.Attribute);
        }

        return values[_result];
    }

    /// <summary>Its value for a row of numbers, of one argument; each chunk goes through all steps while it is in the first-level
    /// cache.</summary>
    /// <param name="x">The argument's.</param>
    /// <param name="y">Receives the values; may be <paramref name="x"/>.</param>
    /// <param name="length">How many.</param>
    public void Run<T>(T* x, T* y, int length) where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        if (_result < _arguments)
        {
            new ReadOnlySpan<T>(x, length).CopyTo(new Span<T>(y, length));
            return;
        }

        int size = Math.Max(LeastChunk, ChunkElements / (_steps.Length + 1));
        T* scratch = stackalloc T[size * _steps.Length];
        Operand<T>[] values = ArrayPool<Operand<T>>.Shared.Rent(_arguments + _steps.Length);
        Operand<T>[] operands = ArrayPool<Operand<T>>.Shared.Rent(MaxOperands);
        for (int start = 0; start < length; start += size)
            RunChunk(x + start, y + start, Math.Min(size, length - start), scratch, values, operands);

        ArrayPool<Operand<T>>.Shared.Return(values);
        ArrayPool<Operand<T>>.Shared.Return(operands);
    }

    private void RunChunk<T>(T* x, T* y, int length, T* scratch, Span<Operand<T>> values, Span<Operand<T>> operands)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        var shape = new Shape(length);
        values[0] = new Operand<T>(x, shape, 1);
        for (int i = 0; i < _steps.Length; i++)
        {
            Step step = _steps[i];
            int place = _arguments + i;
            if (step.Operator is null)
            {
                values[place] = new Operand<T>(_numbers.At<T>((int)step.Attribute), Shape.Scalar, 1);
                continue;
            }

            bool isScalar = true;
            for (int j = 0; j < step.Inputs.Length; j++)
            {
                operands[j] = values[step.Inputs[j]];
                isScalar &= operands[j].Shape.IsScalar;
            }

            values[place] = new Operand<T>(place == _result ? y : scratch + (nint)i * length, isScalar ? Shape.Scalar : shape, 1);
            step.Operator.Run(new Operands<T>(operands[..step.Inputs.Length], values[place], step.Attribute));
        }
    }

    private static bool IsElementwise(Operator op) => (op.Traits.IsElementwise && op.IsFusible) || op is CustomElementwise.Node;

    /// <summary>A node.</summary>
    /// <param name="Operator">Null for a number.</param>
    /// <param name="Attribute">Of the operator; of a number its place.</param>
    /// <param name="Inputs">Arguments, then earlier steps.</param>
    private sealed record Step(Operator? Operator, long Attribute, int[] Inputs);
}
