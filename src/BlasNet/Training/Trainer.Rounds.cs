using BlasNet.Graphs;
using BlasNet.Rounds;

namespace BlasNet.Training;

/// <content>Losses that await values: microbatches that are built round by round.</content>
public sealed partial class Trainer<TExample>
{
    private CancellationToken _roundCancellation;   // of an epoch's step under way

    /// <summary>The most rounds of values that the examples of one pass may wait for; an example that waits longer is an error. Only for losses that await
    /// values.</summary>
    /// <exception cref="ArgumentOutOfRangeException">It is below 1.</exception>
    public int RoundLimit
    {
        get;
        set => field = ExampleFunctions.CheckedRoundLimit(value);
    } = ExampleFunctions.DefaultRoundLimit;

    private sealed partial class MicrobatchRunner
    {
        private readonly List<Expr> _losses = [];
        private readonly ExampleOrder _order = new();

        // Examples that are to be told apart, or looked at node by node, are computed once more, each as if it had been built at once.
        private void BuildInRounds(
            Func<Graph, TExample, ExprTask<Expr>> loss, Microbatch microbatch, StepExamples examples, int first, int count, MicrobatchSizer? sizer,
            bool inOrder)
        {
            if (sizer is not null)
                count = sizer.FittingFor(count);

            ExampleFunctions rounds = Share.Rounds;
            Graph graph = rounds.Graph;
            (graph.RandomSeed, graph.IsTraining) = (microbatch.Graph.RandomSeed, true);
            (rounds.RoundLimit, rounds.Records) = (_trainer.RoundLimit, !inOrder);
            graph.MemoryLimit = rounds.MemoryLimit = _sizer.Budget == 0 ? long.MaxValue : _sizer.Budget;
            if (!RunWithinBudget(rounds, microbatch, examples, first, count, example => loss(graph, examples.Span[first + example])))
            {
                microbatch.Examples.Losses.Clear();
                BuildInRounds(loss, microbatch, examples, first, count / 2, sizer: null, inOrder);
                return;
            }

            if (_sizer.Budget > 0)
                Measure(microbatch, rounds, sizer);

            microbatch.IsInRounds = !inOrder;
            if (inOrder)
                _order.Run(rounds, microbatch.Graph, microbatch.Examples);
            else
                microbatch.Graph.ClearFor(graph);
        }

        /// <returns>False where so many examples take more memory than there is for them.</returns>
        private bool RunWithinBudget(
            ExampleFunctions rounds, Microbatch microbatch, StepExamples examples, int first, int count, Func<int, ExprTask<Expr>> loss)
        {
            Share.DetectAnomalies = false;
            try
            {
                rounds.Run(first, count, loss, _losses, _trainer._roundCancellation);
                for (int i = 0; i < count; i++)
                {
                    using ExampleFunctions.Turn turn = rounds.GoOn(i);
                    microbatch.Examples.Losses.Add(_trainer.Weighted(rounds.Graph, rounds.Graph.LossFrom(_losses[i]), examples, first + i));
                }

                return true;
            }
            catch (GraphMemoryException e) when (count == 1)
            {
                throw new MemoryBudgetException(first, e.Bytes, _sizer.Budget, _trainer.Workers, isAtLeast: true);
            }
            catch (GraphMemoryException)
            {
                return false;
            }
            finally
            {
                Share.DetectAnomalies = _trainer.DetectAnomalies;
            }
        }

        private static void Measure(Microbatch microbatch, ExampleFunctions rounds, MicrobatchSizer? sizer)
        {
            long sum = 0;
            foreach (long ofExample in MicrobatchSizer.ElementsOf(rounds, microbatch.Count))
            {
                microbatch.Ends.Add(sum += ofExample);
                sizer?.AddExample(ofExample);
            }
        }
    }
}
