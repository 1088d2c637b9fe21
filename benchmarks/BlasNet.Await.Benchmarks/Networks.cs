using BlasNet.Graphs;
using BlasNet.Training;
using TreeSearch;

namespace BlasNet.Await.Benchmarks;

/// <summary>The network alone: each game looks at one position a round, without a search around it.</summary>
internal static class Networks
{
    private const int Rounds = 400, Positions = 4096;

    /// <summary>Each game awaits its value.</summary>
    public sealed class Awaiting(PolicyNetwork network, int games) : IWay
    {
        private readonly Evaluator<int, double> _evaluator = new(network.Model, Play(network)) { ComputeBatch = games };

        public string Name => "await";

        public (long Looks, double Sum) Run() => ((long)games * Rounds, _evaluator.Run([.. Enumerable.Range(0, games)]).Sum());

        private static Func<Graph, int, ExprTask<double>> Play(PolicyNetwork network)
        {
            float[][] positions = RandomPositions();
            return async (g, game) =>
            {
                double sum = 0;
                for (int round = 0; round < Rounds; round++)
                    sum += (await network.Of(g.Input(positions[At(game, round)])))[Board.Columns];

                return sum;
            };
        }
    }

    /// <summary>The positions of all games are gathered in an array and evaluated together.</summary>
    public sealed class Gathering(PolicyNetwork network, int games) : IWay
    {
        private readonly float[][] _positions = RandomPositions(), _gathered = new float[games][];
        private readonly double[] _sums = new double[games];
        private readonly Evaluator<float[]> _evaluator = new(network.Model, (g, position) => network.Of(g.Input(position))) { ComputeBatch = games };

        public string Name => "gathered";

        public (long Looks, double Sum) Run()
        {
            Array.Clear(_sums);
            for (int round = 0; round < Rounds; round++)
            {
                for (int game = 0; game < games; game++)
                    _gathered[game] = _positions[At(game, round)];

                _evaluator.Run(_gathered, (game, values) => _sums[game] += values[Board.Columns]);
            }

            return ((long)games * Rounds, _sums.Sum());
        }
    }

    private static int At(int game, int round) => ((7 * game) + round) % Positions;

    private static float[][] RandomPositions()
    {
        var random = new Random(5);
        return [.. Enumerable.Range(0, Positions).Select(_ => Enumerable.Range(0, Board.Inputs).Select(_ => random.Next(4) == 0 ? 1f : 0).ToArray())];
    }
}
