using System.Numerics;
using System.Runtime.InteropServices;
using BlasNet.Fusion;
using BlasNet.Graphs;
using BlasNet.Operators;
using BlasNet.Operators.Intrinsics;
using BlasNet.Tests.Contracts;
using BlasNet.Tests.Operators;

namespace BlasNet.Tests.Fusion;

/// <summary>A fused program and the shapes of the stacks it reads.</summary>
/// <param name="Program">What is tested.</param>
/// <param name="Inputs">For each, its shape and whether one value is for all.</param>
internal sealed record FusedCase(FusedProgram Program, (Shape Shape, bool IsShared)[] Inputs)
{
    /// <summary>A cell of several gates: slices of sums, numbers, and random operators, with results side by side, within zeros, or alone.</summary>
    /// <param name="length">Rows of a gate.</param>
    /// <param name="seed">Which cell.</param>
    public static FusedCase Random(int length, int seed)
    {
        var random = new Random(seed);
        int gates = random.Next(1, 5);
        var wide = new Shape(gates * length);
        (Shape Shape, bool IsShared)[] inputs = [(wide, false), (wide, true), (new Shape(length), false), (new Shape(length + 3), random.Next(2) == 0)];
        var graph = new Graph(Precision.Double, null!) { IsBody = true };
        Expr Argument(int input, int start, Shape shape) =>
            graph.At(graph.AppendStack(ArgumentOperator.Instance, (long)start << 32 | (uint)input, [], shape, 1, inputs[input].IsShared));

        Expr sum = Argument(0, 0, wide) + Argument(1, 0, wide);
        List<Expr> values = [Argument(2, 0, new Shape(length)), Argument(3, 3, new Shape(length))];
        for (int gate = 0; gate < gates; gate++)
            values.Add(gates == 1 ? sum : Op.Slice(sum, gate * length, length));

        Operator[] operators = [.. OperatorCatalog.All.Where(op => op.Traits.IsElementwise)];
        for (int step = random.Next(3, 14); step > 0; step--)
        {
            Operator op = operators[random.Next(operators.Length)];
            Expr x = values[random.Next(values.Count)], y = random.Next(6) == 0 ? graph.Constant(random.NextDouble()) : values[random.Next(values.Count)];
            values.Add(op == PlusOperator.Instance ? Expr.Apply(op, [x, values[^1], x])
                : op == WhereOperator.Instance ? Expr.Apply(op, [x, y, values[^1]])
                : op is NumberOperator number ? number.Of(x, random.Next(3) == 0 ? random.Next(-3, 4) : random.NextDouble() - 0.5)
                : op is ElementwiseOperator ? Expr.Apply(op, x)
                : random.Next(2) == 0 ? Expr.Apply(op, x, y) : Expr.Apply(op, y, x));
        }

        int Any() => values[random.Next(values.Count)].Index;
        int padded = Op.Pad(values[^1], length, 3 * length).Index;
        return new FusedCase(new FusedCompiler(graph).Run(random.Next(3) switch { 0 => [[values[^1].Index]], 1 => [[Any()], [Any(), values[^1].Index]], _ => [[padded], [Any()]] }), inputs);
    }

    /// <summary>Computes a stack of random numbers in a memory of its own, and returns the results' elements and what lies between and after them.</summary>
    /// <param name="count">Values of the stack.</param>
    /// <param name="gap">Elements between an input's columns.</param>
    /// <param name="isNeeded">Whether the last result is needed.</param>
    /// <param name="run">Computes the node.</param>
    /// <param name="pick">Of an input of one value each, which vector each value is, −1 for zeros; null to read them in order.</param>
    public unsafe T[] Run<T>(int count, int gap, bool isNeeded, Kernel<T> run, Func<int, int>? pick = null) where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        const int Guard = 64;
        var random = new Random(count + gap);
        var graph = new Graph(Precision.Double, null!) { IsBody = true };
        FusedBuffer[] results = [.. Program.Buffers.ToArray().Where(buffer => buffer.Result >= 0).OrderBy(buffer => buffer.Result)];
        int[] nodes = [.. Inputs.Select((input, i) => graph.AppendStack(ArgumentOperator.Instance, i, [], input.Shape, input.IsShared ? 1 : count, input.IsShared))];
        var op = new FusedOperator(Program, [.. results.Select(result => result.Shape)], rule: null);
        int node = graph.AppendWithResults(op, 0, nodes, results[0].Shape, count, shared: false);
        int inputSize = Inputs.Sum(input => count * input.Shape.Columns * (input.Shape.Rows + gap)), size = inputSize + results.Sum(result => count * result.Shape.Size + Guard);
        T* memory = (T*)NativeMemory.AlignedAlloc((nuint)(size * sizeof(T)), 64);
        try
        {
            for (int i = 0; i < size; i++)
                memory[i] = T.CreateTruncating(i < inputSize ? random.NextDouble() * 6 - 3 : 7777);

            var source = new GivenOperands<T>(new Operand<T>[graph.Count]);
            T* next = memory;
            for (int i = 0; i < Inputs.Length; i++)
            {
                int stride = Inputs[i].Shape.Rows + gap;
                source.Of[nodes[i]] = pick is null || Inputs[i].IsShared || !Inputs[i].Shape.IsVector
                    ? new Operand<T>(next, Inputs[i].Shape, graph.CountOf(nodes[i]), stride)
                    : new Operand<T>(next, Inputs[i].Shape, count, packed: null, Picks(count, value => pick(value) < 0 ? -1 : pick(value) * stride));
                next += count * Inputs[i].Shape.Columns * stride;
            }

            for (int i = 0; i < results.Length; i++)
            {
                bool isWritten = isNeeded || i < results.Length - 1;
                source.Of[results.Length == 1 ? node : node + 1 + i] = new Operand<T>(isWritten ? next : null, results[i].Shape, count);
                next += count * results[i].Shape.Size + Guard;
            }

            if (results.Length > 1)
                source.Of[node] = new Operand<T>(null, results[0].Shape, count);

            run(new Operands<T>(source, graph, node, accumulate: false));
            return new Span<T>(memory + inputSize, size - inputSize).ToArray();
        }
        finally
        {
            NativeMemory.AlignedFree(memory);
        }
    }

    // Never freed: tests make few of them.
    private static unsafe nint* Picks(int count, Func<int, int> place)
    {
        nint* list = (nint*)NativeMemory.Alloc((nuint)count, (nuint)sizeof(nint));
        for (int i = 0; i < count; i++)
            list[i] = place(i);

        return list;
    }

    public delegate void Kernel<T>(in Operands<T> stack) where T : unmanaged, IBinaryFloatingPointIeee754<T>;
}
