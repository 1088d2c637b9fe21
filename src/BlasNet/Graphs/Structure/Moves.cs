using System.Numerics;
using System.Runtime.CompilerServices;
using BlasNet.Kernels;

namespace BlasNet.Graphs.Structure;

/// <summary>The runs of a gather or scatter-add as work that threads can divide.</summary>
/// <remarks>They divide the output, not the list of runs: so every element gets its terms in the order of the list, whatever their number.</remarks>
internal readonly unsafe struct Moves<T> : IRangeWork where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    // For deciding on threads, so the order of magnitude is enough.
    private const double NanosecondsPerElement = 0.1;

    private readonly void* _stack;   // in the frame of the caller, which waits
    private readonly bool _adds, _clear;

    private Moves(void* stack, bool adds, bool clear)
    {
        _stack = stack;
        (_adds, _clear) = (adds, clear);
    }

    /// <summary>Copies the runs of a gather; of a scatter-add copies what is first and adds the rest.</summary>
    /// <param name="stack">The operands of the node.</param>
    /// <param name="moved">Elements of all runs together.</param>
    /// <param name="adds">The node is a scatter-add.</param>
    /// <param name="clear">The output is set to zero before.</param>
    public static void Run(in Operands<T> stack, long moved, bool adds, bool clear)
    {
        var moves = new Moves<T>(Unsafe.AsPointer(ref Unsafe.AsRef(in stack)), adds, clear);
        ComputeThreads.Divide(moves, stack.Output.Length, NanosecondsPerElement * moved / stack.Output.Length);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public void Run(nint start, nint end)
    {
        ref readonly Operands<T> stack = ref Unsafe.AsRef<Operands<T>>(_stack);
        T* output = stack.Output.Data;
        if (_clear)
            new Span<T>(output + start, (int)(end - start)).Clear();

        foreach (ref readonly Run run in stack.Runs)
        {
            nint from = nint.Max(start, run.Target), length = nint.Min(end, run.Target + run.Length) - from;
            if (length <= 0 || (_adds && stack.IsAbsorbed(run.Input)))
                continue;

            bool copies = !_adds || (run.IsFirst && !stack.Accumulate);
            Operand<T> input = stack[run.Input];
            nint source = run.Source + (from - run.Target);
            if (input.Picks != null)
                MovePicked(input, source, output + from, length, copies);
            else
                Move(input.Data + source, output + from, length, copies);
        }
    }

    private static void Move(T* source, T* target, nint length, bool copies)
    {
        if (copies)
            Rows.Copy(source, 0, target, 0, length, 1);
        else
            Rows.Add(source, 0, target, 0, length, 1);
    }

    // Vector by vector; of the first and of the last one maybe a part.
    private static void MovePicked(in Operand<T> input, nint source, T* target, nint length, bool copies)
    {
        nint rows = input.Shape.Rows;
        for (nint end = source + length; source < end;)
        {
            (nint vector, nint start) = (source / rows, source % rows);
            nint part = nint.Min(rows - start, end - source), pick = input.Picks[vector];
            if (pick >= 0)
                Move(input.Data + pick + start, target, part, copies);
            else if (copies)
                new Span<T>(target, (int)part).Clear();

            source += part;
            target += part;
        }
    }
}
