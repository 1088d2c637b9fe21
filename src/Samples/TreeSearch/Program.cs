// Connect four by self-play: a network proposes moves and values positions, a tree search looks ahead with it. The search is written for ONE game, and
// awaits the network; all games under way share its products.
using System.Diagnostics;
using System.Globalization;
using BlasNet;
using BlasNet.Graphs;
using BlasNet.Layers;
using BlasNet.Training;
using TreeSearch;
using static BlasNet.Operators.Op;

int games = Argument(0, 64), simulations = Argument(1, 32), generations = Argument(2, 4);
const int Hidden = 64;

using var model = new Model(seed: 1);
var body = new Mlp(model, "body", Board.Inputs, Hidden, Hidden);
var moves = new Linear(model, "moves", Board.Columns, Hidden);
var value = new Linear(model, "value", 1, Hidden);

// Seven scores of moves, and below them the value of the position for who is to move.
Expr Network(Expr position)
{
    Expr h = Relu(body.Apply(position));
    return Concatenate(moves.Apply(h), Tanh(value.Apply(h)));
}

Expr Loss(Graph g, Position p)
{
    Expr y = Network(g.Input(p.Input));
    return Sum(Multiply(g.Input(p.Visits), -LogSoftmax(y[..Board.Columns]))) + Square(y[Board.Columns] - p.Outcome);
}

// A game against itself: at each move a tree search from the position.
async ExprTask<Game> Play(Graph g, int seed)
{
    var game = new Game(seed);
    while (!game.Board.IsOver)
    {
        var root = new Node();
        for (int i = 0; i < simulations; i++)
            await Visit(g, root, game.Board);

        game.Move(root.Visits);
    }

    return game;
}

// One look ahead, by the upper bounds of Silver et al., "Mastering the game of Go without human knowledge", Nature 2017; the value for who is to move.
async ExprTask<double> Visit(Graph g, Node node, Board board)
{
    if (board.IsOver)
        return board.IsWon ? -1 : 0;

    if (node.Children is null)
    {
        ExprValue seen = await Network(g.Input(board.ToInput()));
        return node.Open(seen.AsSpan(), board);
    }

    int move = node.Best();
    double outcome = -await Visit(g, node.Children[move], board.After(move));
    node.Add(move, outcome);
    return outcome;
}

var player = new Evaluator<int, Game>(model, Play) { ComputeBatch = games, RoundLimit = 100_000 };
var trainer = new Trainer<Position>(model, Loss, new Adam(0.003)) { OptimizationBatch = 64 };
Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"untrained: wins {Strength():P0} of its games against one that moves at random"));
for (int generation = 1; generation <= generations; generation++)
{
    long start = Stopwatch.GetTimestamp();
    Game[] played = player.Run([.. Enumerable.Range(generation * games, games)]);
    double seconds = Stopwatch.GetElapsedTime(start).TotalSeconds;
    Position[] positions = [.. played.SelectMany(game => game.Positions())];
    double loss = 0;
    for (int epoch = 0; epoch < 4; epoch++)
        loss = trainer.Epoch(positions);

    Console.WriteLine(string.Create(
        CultureInfo.InvariantCulture,
        $"generation {generation}: {positions.Length * simulations / seconds:N0} looks ahead a second, loss {loss:F2}, wins {Strength():P0}"));
}

// Without search, by the best move that the network proposes: as strong as what it has learned.
double Strength()
{
    var opponent = new Evaluator<int, double>(model, async (g, seed) =>
    {
        var random = new Random(seed);
        var board = new Board();
        for (bool isOurs = seed % 2 == 0; !board.IsOver; isOurs = !isOurs)
        {
            int move = isOurs ? board.BestLegal(await Network(g.Input(board.ToInput()))) : board.RandomLegal(random);
            board = board.After(move);
            if (board.IsWon)
                return isOurs ? 1 : 0;
        }

        return 0.5;
    });
    return opponent.Run([.. Enumerable.Range(0, 400)]).Average();
}

int Argument(int place, int byDefault) => args.Length > place ? int.Parse(args[place], CultureInfo.InvariantCulture) : byDefault;
