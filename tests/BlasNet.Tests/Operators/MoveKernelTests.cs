using BlasNet.Graphs;
using BlasNet.Operators.Intrinsics;
using BlasNet.Tests.Kernels;
using KernelRows = BlasNet.Kernels.Rows;

namespace BlasNet.Tests.Operators;

/// <summary>Moves of rows that threads divide, against the same moves by one thread.</summary>
[Collection(GemmSettings.Name)]
public sealed unsafe class MovesTests
{
    private const int Rows = 5000, Length = 101;

    [Theory, InlineData(false), InlineData(true)]
    public void A_gather_or_scatter_add_by_two_threads_gives_the_same_bits_as_by_one(bool adds)
    {
        // Every row to a random place: a gather covers its output once, a scatter-add leaves gaps and adds up to several rows.
        var random = new Random(3);
        int[] places = [.. Enumerable.Range(0, Rows)];
        random.Shuffle(places);
        var seen = new HashSet<int>();
        Move[] runs = [.. places.Select((place, i) => new Move(0, i * Length, (adds ? place / 3 : place) * Length, Length, !adds || seen.Add(place / 3)))];
        float[] input = NewNumbers(random);
        Assert.Equal(Move(adds, runs, input, threads: 1), Move(adds, runs, input, threads: 2));
    }

    [Theory, InlineData(1), InlineData(7), InlineData(101)]
    public void What_goes_to_one_place_gives_the_same_bits_one_by_one_and_at_once(int length)
    {
        // Up to 100 terms for each of 50 places, in any order, and in that of their places.
        var random = new Random(5);
        var seen = new HashSet<int>();
        Move[] runs = [.. Enumerable.Range(0, 2500).Select(i => (i, place: 50 - (int)Math.Sqrt(random.Next(2500)))).Select(run => new Move(0, run.i * length, run.place * length, length, seen.Add(run.place)))];
        float[] input = NewNumbers(random);
        Assert.Equal(Move(true, runs, input, threads: 1), Move(true, [.. runs.OrderBy(run => run.Target)], input, threads: 1));
    }

    [Fact]
    public void Sums_over_rows_and_rows_of_a_table_by_two_threads_give_the_same_bits_as_by_one()
    {
        var random = new Random(4);
        float[] rows = NewNumbers(random);
        int[] indices = [.. Enumerable.Range(0, Rows).Select(_ => random.Next(Rows))];

        float[][] Run(int threads)
        {
            float[] sum = new float[Length], gathered = new float[rows.Length], added = new float[rows.Length];
            using (new ThreadCount(threads))
            {
                fixed (float* from = rows, s = sum, g = gathered, a = added)
                {
                    KernelRows.SumOver(from, Length, s, Length, Rows, accumulate: false);
                    KernelRows.Gather(from, indices, g, Length, Length);
                    KernelRows.ScatterAdd(from, Length, indices, a, Length);
                }
            }

            return [sum, gathered, added];
        }

        Assert.Equal(Run(1), Run(2));
    }

    private static float[] NewNumbers(Random random) => [.. Enumerable.Range(0, Rows * Length).Select(_ => random.NextSingle())];

    private static float[] Move(bool adds, Move[] runs, float[] input, int threads)
    {
        var graph = new Graph(Precision.Single, null!) { IsBody = true };
        var row = new Shape(Length);
        int given = graph.AppendStack(ArgumentOperator.Instance, 0, [], row, Rows, shared: false);
        int node = graph.AppendStack(adds ? ScatterAddOperator.Instance : GatherOperator.Instance, graph.AddMoves(runs), [given], row, Rows, shared: false);
        float[] output = [.. Enumerable.Repeat(7777f, input.Length)];
        using (new ThreadCount(threads))
        {
            fixed (float* from = input, to = output)
            {
                var operands = new GivenOperands<float>([new Operand<float>(from, row, Rows), new Operand<float>(to, row, Rows)]);
                graph.OperatorOf(node).Run(new Operands<float>(operands, graph, node, accumulate: false));
            }
        }

        return output;
    }
}
