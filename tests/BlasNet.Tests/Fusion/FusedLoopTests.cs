using System.Numerics;
using BlasNet.Fusion;
using BlasNet.Kernels;
using BlasNet.Operators;

namespace BlasNet.Tests.Fusion;

/// <summary>Fused programs as code of their own against the interpreter, bit for bit, by vectors of every width.</summary>
public sealed class FusedLoopTests
{
    public static TheoryData<int> Lengths() => [1, 2, 3, 4, 5, 7, 8, 9, 15, 16, 17, 31, 33, 50];

    [Theory, MemberData(nameof(Lengths))]
    public void A_random_cell_gives_the_same_bits_as_when_it_is_interpreted(int length)
    {
        int loops = 0;
        for (int seed = 0; seed < 14; seed++)
        {
            FusedCase cell = FusedCase.Random(length, seed);
            if (cell.Program.Parts is null)
                continue;

            loops++;
            Check(cell, count: 1 + seed % 4, gap: seed % 3, isNeeded: seed % 5 > 0);
        }

        Assert.InRange(loops, 10, 14);
    }

    [Theory, MemberData(nameof(Lengths))]
    public void A_chain_over_matrices_takes_one_number_for_each_column_and_numbers_for_all(int length)
    {
        foreach (int columns in new[] { 1, 3 })
        {
            Shape whole = new(length, columns), row = new(1, columns);
            FusedStep[] steps =
            [
                new(AddOperator.Instance, 0, 0, 2, 0, 0, whole),
                new(MultiplyOperator.Instance, 0, 2, 2, 1, 0, whole),
                new(SubtractOperator.Instance, 0, 4, 2, 2, 0, whole),
            ];
            FusedOperand[] operands =
            [
                new(FusedSource.Input, 0, 0, whole), new(FusedSource.Input, 1, 0, whole), new(FusedSource.Buffer, 0, 0, whole), new(FusedSource.Input, 2, 0, row),
                new(FusedSource.Constant, 0, 0, Shape.Scalar), new(FusedSource.Buffer, 1, 0, whole),
            ];
            var program = new FusedProgram(steps, operands, [new(whole, -1, false), new(whole, -1, false), new(whole, 0, false)], [0.25]);
            Assert.NotNull(program.Parts);
            Check(new FusedCase(program, [(whole, false), (whole, false), (row, false)]), count: 3, gap: 0, isNeeded: true);
            Check(new FusedCase(program, [(whole, false), (whole, false), (row, false)]), count: 3, gap: 1, isNeeded: true);
            if (columns == 1)
                Check(new FusedCase(program, [(whole, false), (whole, true), (row, true)]), count: 3, gap: 0, isNeeded: true);
        }
    }

    [Theory, MemberData(nameof(Lengths))]
    public void Vectors_are_picked_from_where_they_lie(int length)
    {
        const int Count = 5;
        for (int seed = 0; seed < 6; seed++)
        {
            FusedCase cell = FusedCase.Random(length, seed);
            if (cell.Program.Parts is null)
                continue;

            double[] inOrder = cell.Run<double>(Count, seed % 2, true, (in stack) => cell.Program.Interpret(stack, Count));
            Equal(inOrder, Loop<Simd128<double>, double>(cell, Count, seed % 2, true, value => value));
            CheckPicked<float>(cell, seed % 2);
            CheckPicked<double>(cell, seed % 2);
        }

        static void CheckPicked<T>(FusedCase cell, int gap) where T : unmanaged, IBinaryFloatingPointIeee754<T>
        {
            static int Pick(int value) => (value * 3 % Count) - (value == 2 ? Count : 0);   // out of order, and zeros in the middle
            T[] expected = cell.Run<T>(Count, gap, true, (in stack) => cell.Program.Interpret(stack, Count), Pick);
            Equal(expected, Loop<Simd128<T>, T>(cell, Count, gap, true, Pick));
            if (Simd512<T>.IsSupported)
                Equal(expected, Loop<Simd512<T>, T>(cell, Count, gap, true, Pick));
        }
    }

    [Fact]
    public void A_sum_over_rows_is_not_a_loop()
    {
        FusedStep[] steps = [new(SquareOperator.Instance, 0, 0, 1, 0, 0, new Shape(4)), new(SumOperator.Elements, 0, 1, 1, 1, 0, Shape.Scalar)];
        FusedOperand[] operands = [new(FusedSource.Input, 0, 0, new Shape(4)), new(FusedSource.Buffer, 0, 0, new Shape(4))];
        Assert.Null(FusedParts.Of(steps, operands, [new(new Shape(4), -1, false), new(Shape.Scalar, 0, false)]));
    }

    [Fact]
    public void A_matrix_that_all_values_share_is_interpreted()
    {
        var whole = new Shape(2, 3);
        var program = new FusedProgram(
            [new(AddOperator.Instance, 0, 0, 2, 0, 0, whole)], [new(FusedSource.Input, 0, 0, whole), new(FusedSource.Input, 1, 0, whole)], [new(whole, 0, false)], []);
        var loop = new FusedLoop<float>(program, program.Parts!);
        FusedCode code = FusedLoopWriter<Simd128<float>, float>.Write(program, program.Parts!);
        new FusedCase(program, [(whole, false), (whole, true)]).Run<float>(4, 0, true, (in stack) => Assert.False(loop.TryRun(code, stack, 4)));
    }

    [Fact]
    public void Two_threads_give_the_same_bits_as_one()
    {
        FusedCase cell = FusedCase.Random(length: 50, seed: 1);
        float[] one = cell.Run<float>(2000, 0, true, (in stack) => cell.Program.Interpret(stack, 2000));
        using ComputeSettings.Scope two = (ComputeSettings.Current with { Threads = 2 }).Use();
        Equal(one, Loop<Simd128<float>, float>(cell, 2000, 0, true));
    }

    [Fact]
    public void A_program_is_interpreted_until_it_has_run_often_enough()
    {
        FusedCase cell = FusedCase.Random(length: 50, seed: 2);
        var loop = new FusedLoop<float>(cell.Program, cell.Program.Parts!);
        cell.Run<float>(1000, 0, true, (in stack) =>
        {
            Assert.False(loop.TryRun(stack, 1000));
            for (int i = 0; i < 1000; i++)
                loop.TryRun(stack, 1000);

            DateTime end = DateTime.UtcNow.AddSeconds(60);
            while (!loop.TryRun(stack, 1000))
                Assert.True(DateTime.UtcNow < end, "no code after a minute");
        });
    }

    private static void Check(FusedCase cell, int count, int gap, bool isNeeded)
    {
        Check<float>(cell, count, gap, isNeeded);
        Check<double>(cell, count, gap, isNeeded);
    }

    private static void Check<T>(FusedCase cell, int count, int gap, bool isNeeded) where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        T[] expected = cell.Run<T>(count, gap, isNeeded, (in stack) => cell.Program.Interpret(stack, count));
        Equal(expected, Loop<Simd128<T>, T>(cell, count, gap, isNeeded));
        if (Simd256<T>.IsSupported)
            Equal(expected, Loop<Simd256<T>, T>(cell, count, gap, isNeeded));

        if (Simd512<T>.IsSupported)
            Equal(expected, Loop<Simd512<T>, T>(cell, count, gap, isNeeded));
    }

    private static T[] Loop<V, T>(FusedCase cell, int count, int gap, bool isNeeded, Func<int, int>? pick = null)
        where V : struct, ISimd<V, T> where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        FusedParts parts = cell.Program.Parts!;
        FusedCode code = FusedLoopWriter<V, T>.Write(cell.Program, parts);
        return cell.Run<T>(count, gap, isNeeded, (in stack) => Assert.True(new FusedLoop<T>(cell.Program, parts).TryRun(code, stack, count)), pick);
    }

    // What is not a number equals itself here; there is only one zero of each sign.
    private static void Equal<T>(T[] expected, T[] actual) where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        for (int i = 0; i < expected.Length; i++)
        {
            if (!expected[i].Equals(actual[i]) || (!T.IsNaN(expected[i]) && T.IsNegative(expected[i]) != T.IsNegative(actual[i])))
                Assert.Fail($"element {i}: {expected[i]}, {actual[i]}");
        }
    }
}
