using BlasNet.Graphs;
using BlasNet.Training;
using TreeSearch;

namespace BlasNet.Await.Benchmarks;

/// <summary>Connect four by self-play, a tree search at each move: as the sample writes it for one game, and with batches gathered by hand.</summary>
internal static class Searches
{
    private const int Simulations = 32;

    /// <summary>The search of one game awaits the network.</summary>
    public sealed class Awaiting(PolicyNetwork network, int games, int together) : IWay
    {
        private readonly Evaluator<int, (Game Game, long Looks)> _evaluator =
            new(network.Model, (g, seed) => Play(network, g, seed)) { ComputeBatch = together, RoundLimit = 100_000 };

        public string Name => together == 1 ? "one by one" : "await";

        public (long Looks, double Sum) Run() => SumOf(_evaluator.Run([.. Enumerable.Range(0, games)]));

        private static async ExprTask<(Game Game, long Looks)> Play(PolicyNetwork network, Graph g, int seed)
        {
            var game = new Game(seed);
            var looks = new Counter();
            while (!game.Board.IsOver)
            {
                var root = new Node();
                for (int i = 0; i < Simulations; i++)
                    await Visit(network, g, root, game.Board, looks);

                game.Move(root.Visits);
            }

            return (game, looks.Count);
        }

        private static async ExprTask<double> Visit(PolicyNetwork network, Graph g, Node node, Board board, Counter looks)
        {
            if (board.IsOver)
                return board.IsWon ? -1 : 0;

            if (node.Children is null)
            {
                looks.Count++;
                return node.Open((await network.Of(g.Input(board.ToInput()))).AsSpan(), board);
            }

            int move = node.Best();
            double outcome = -await Visit(network, g, node.Children[move], board.After(move), looks);
            node.Add(move, outcome);
            return outcome;
        }
    }

    /// <summary>All games stop where they need a position's value; these are evaluated together.</summary>
    public sealed class Gathering(PolicyNetwork network, int games) : IWay
    {
        private readonly Evaluator<float[]> _evaluator = new(network.Model, (g, position) => network.Of(g.Input(position))) { ComputeBatch = games };
        private readonly List<StoppedSearch> _waiting = [];

        public string Name => "gathered";

        public (long Looks, double Sum) Run()
        {
            StoppedSearch[] all = [.. Enumerable.Range(0, games).Select(seed => new StoppedSearch(seed))];
            var positions = new float[games][];
            while (true)
            {
                _waiting.Clear();
                foreach (StoppedSearch search in all)
                {
                    if (search.TryGoOn(out float[] position))
                    {
                        positions[_waiting.Count] = position;
                        _waiting.Add(search);
                    }
                }

                if (_waiting.Count == 0)
                    return SumOf(all.Select(search => (search.Game, search.Looks)));

                _evaluator.Run(positions.AsSpan(0, _waiting.Count), (i, values) => _waiting[i].Take(values));
            }
        }
    }

    /// <summary>A game whose search can stop at any position and go on from there.</summary>
    private sealed class StoppedSearch(int seed)
    {
        private readonly List<(Node Node, int Move)> _path = [];
        private Node _root = new(), _leaf = null!;
        private Board _leafBoard;
        private int _simulation;
        private double? _outcome;   // of the leaf; null where it is yet to be valued

        public Game Game { get; } = new(seed);

        public long Looks { get; private set; }

        /// <summary>Goes on to the next position that is to be valued.</summary>
        /// <returns>Whether there is one: the game is not over.</returns>
        public bool TryGoOn(out float[] position)
        {
            while (!Game.Board.IsOver)
            {
                if (_outcome is { } outcome)
                    End(outcome);
                else if (!TryDescend())
                {
                    position = _leafBoard.ToInput();
                    Looks++;
                    return true;
                }
            }

            position = [];
            return false;
        }

        public void Take(ReadOnlySpan<float> values) => _outcome = _leaf.Open(values, _leafBoard);

        private bool TryDescend()
        {
            _path.Clear();
            Node node = _root;
            Board board = Game.Board;
            while (!board.IsOver && node.Children is { } children)
            {
                int move = node.Best();
                _path.Add((node, move));
                (node, board) = (children[move], board.After(move));
            }

            (_leaf, _leafBoard) = (node, board);
            _outcome = board.IsOver ? board.IsWon ? -1 : 0 : null;
            return board.IsOver;
        }

        private void End(double outcome)
        {
            for (int i = _path.Count - 1; i >= 0; i--)
            {
                outcome = -outcome;
                _path[i].Node.Add(_path[i].Move, outcome);
            }

            _outcome = null;
            if (++_simulation < Simulations)
                return;

            Game.Move(_root.Visits);
            (_root, _simulation) = (new Node(), 0);
        }
    }

    private sealed class Counter
    {
        public long Count { get; set; }
    }

    private static (long Looks, double Sum) SumOf(IEnumerable<(Game Game, long Looks)> games) =>
        games.Aggregate((Looks: 0L, Sum: 0.0), (sum, game) => (sum.Looks + game.Looks, sum.Sum + game.Game.Board.Moves));
}
