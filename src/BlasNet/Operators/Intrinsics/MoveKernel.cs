using System.Numerics;
using System.Runtime.CompilerServices;
using BlasNet.Graphs;
using BlasNet.Kernels;

namespace BlasNet.Operators.Intrinsics;

/// <summary>The moves of a gather or scatter-add as work that threads can divide.</summary>
/// <remarks>They divide the output, not the list: so each element gets its terms in the order of the list, on any number of threads.</remarks>
internal readonly unsafe struct MoveKernel<T> : IRangeWork where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    // For deciding on threads, so the order of magnitude is enough.
    private const double NanosecondsPerElement = 0.1;

    /// <summary>Runs to one place that are added up before the sum is written.</summary>
    private const int MostTerms = 32;

    // Runs lie anywhere: that many ahead of the one that is added are asked for, of a long one the start.
    private const int RunsAhead = 4, MostPrefetched = 512;

    // In the place of an input's address.
    private const nint InSum = 0, Indexed = -1;

    private readonly void* _stack;   // in the frame of the caller, which waits
    private readonly bool _adds, _clear;

    private MoveKernel(void* stack, bool adds, bool clear)
    {
        _stack = stack;
        (_adds, _clear) = (adds, clear);
    }

    /// <summary>Copies the moves of a gather. For a scatter-add, copies the moves marked as first and adds the others.</summary>
    /// <param name="stack">The operands of the node.</param>
    /// <param name="moved">Elements of all runs together.</param>
    /// <param name="adds">The node is a scatter-add.</param>
    /// <param name="clear">The output is set to zero before.</param>
    public static void Run(in Operands<T> stack, long moved, bool adds, bool clear)
    {
        var moves = new MoveKernel<T>(Unsafe.AsPointer(ref Unsafe.AsRef(in stack)), adds, clear);
        ComputeThreads.Divide(moves, stack.Output.Length, NanosecondsPerElement * moved / stack.Output.Length);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public void Run(nint start, nint end)
    {
        ref readonly Operands<T> stack = ref Unsafe.AsRef<Operands<T>>(_stack);
        T* output = stack.Output.Data;
        if (_clear)
            new Span<T>(output + start, (int)(end - start)).Clear();

        ReadOnlySpan<Move> runs = stack.Moves;
        T** terms = stackalloc T*[MostTerms];
        nint* inputs = AddressesOf(stack);
        for (int i = 0, next; i < runs.Length; i = next)
        {
            next = i + 1;
            while (_adds && next < runs.Length && runs[next].Target == runs[i].Target && runs[next].Length == runs[i].Length)
                next++;

            nint from = nint.Max(start, runs[i].Target), length = nint.Min(end, runs[i].Target + runs[i].Length) - from;
            if (length > 0)
                MoveTo(output + from, length, stack, inputs, i, next, (int)(from - runs[i].Target), terms);
        }
    }

    // What goes to one place.
    private void MoveTo(T* target, nint length, in Operands<T> stack, nint* inputs, int first, int end, int skip, T** terms)
    {
        ReadOnlySpan<Move> runs = stack.Moves;
        int count = 0;
        if (_adds && (!runs[first].IsFirst || stack.Accumulate))
            terms[count++] = target;

        for (int i = first; i < end; i++)
        {
            if (i + RunsAhead < runs.Length && runs[i + RunsAhead] is var later && inputs[later.Input] is not (InSum or Indexed) and var address)
                Rows.Prefetch((T*)address + later.Source, nint.Min(later.Length, MostPrefetched));

            nint input = inputs[runs[i].Input], source = runs[i].Source + skip;
            if (input == InSum)
                continue;

            if (count == MostTerms || input == Indexed)
                Sum(terms, ref count, target, length);

            if (input != Indexed)
            {
                terms[count++] = (T*)input + source;
            }
            else
            {
                MoveIndexed(stack[runs[i].Input], source, target, length, copies: count == 0);
                terms[0] = target;
                count = 1;
            }
        }

        Sum(terms, ref count, target, length);
    }

    private nint* AddressesOf(in Operands<T> stack)
    {
        nint* addresses = Scratch<nint>.Get(stack.InputCount);
        for (int i = 0; i < stack.InputCount; i++)
        {
            Operand<T> input = stack[i];
            addresses[i] = _adds && stack.IsInSum(i) ? InSum : input.RowIndices != null ? Indexed : (nint)input.Data;
        }

        return addresses;
    }

    // The sum is then the only term of what follows.
    private static void Sum(T** terms, ref int count, T* target, nint length)
    {
        if (count > 1 && length == 1)
        {
            T sum = *terms[0];
            for (int i = 1; i < count; i++)
                sum += *terms[i];

            *target = sum;
        }
        else if (count > 1)
        {
            Rows.SumOf(terms, count, target, length);
        }
        else if (count == 1 && terms[0] != target)
        {
            Move(terms[0], target, length, copies: true);
        }

        terms[0] = target;
        count = Math.Min(count, 1);
    }

    private static void Move(T* source, T* target, nint length, bool copies)
    {
        if (length == 1)
            *target = copies ? *source : *target + *source;
        else if (copies)
            Rows.Copy(source, 0, target, 0, length, 1);
        else
            Rows.Add(source, 0, target, 0, length, 1);
    }

    // Vector by vector; of the first and of the last one maybe a part.
    private static void MoveIndexed(in Operand<T> input, nint source, T* target, nint length, bool copies)
    {
        nint rows = input.Shape.Rows;
        for (nint end = source + length; source < end;)
        {
            (nint vector, nint start) = (source / rows, source % rows);
            nint part = nint.Min(rows - start, end - source), pick = input.RowIndices[vector];
            if (pick >= 0)
                Move(input.Data + pick + start, target, part, copies);
            else if (copies)
                new Span<T>(target, (int)part).Clear();

            source += part;
            target += part;
        }
    }
}
