using BlasNet.Graphs;

namespace TreeSearch;

/// <summary>A position of connect four: the discs of who is to move and of the other, a bit for each field, seven bits a column.</summary>
internal readonly record struct Board(ulong Own = 0, ulong Other = 0, int Moves = 0)
{
    public const int Columns = 7, Rows = 6, Inputs = 2 * Columns * Rows;

    /// <summary>Whether the other has four in a row.</summary>
    public bool IsWon => HasFour(Other, 1) || HasFour(Other, 7) || HasFour(Other, 6) || HasFour(Other, 8);

    public bool IsOver => IsWon || Moves == Columns * Rows;

    public bool IsLegal(int column) => ((Own | Other) & Field(column, Rows - 1)) == 0;

    public Board After(int column)
    {
        int row = 0;
        while (((Own | Other) & Field(column, row)) != 0)
            row++;

        return new Board(Other, Own | Field(column, row), Moves + 1);
    }

    /// <summary>1 for each field of who is to move, then of the other.</summary>
    public float[] ToInput()
    {
        float[] input = new float[Inputs];
        for (int i = 0; i < Columns * Rows; i++)
        {
            ulong field = Field(i / Rows, i % Rows);
            (input[i], input[i + Columns * Rows]) = ((Own & field) != 0 ? 1 : 0, (Other & field) != 0 ? 1 : 0);
        }

        return input;
    }

    public int BestLegal(ExprValue scores)
    {
        int best = -1;
        for (int column = 0; column < Columns; column++)
        {
            if (IsLegal(column) && (best < 0 || scores[column] > scores[best]))
                best = column;
        }

        return best;
    }

    public int RandomLegal(Random random)
    {
        while (true)
        {
            int column = random.Next(Columns);
            if (IsLegal(column))
                return column;
        }
    }

    private static ulong Field(int column, int row) => 1UL << (7 * column + row);

    // Four bits a step apart; the empty seventh bit of each column keeps columns apart.
    private static bool HasFour(ulong discs, int step)
    {
        ulong pairs = discs & (discs >> step);
        return (pairs & (pairs >> (2 * step))) != 0;
    }
}

/// <summary>What a search knows of a position: for each move how often it was looked at, how it went, and what the network thinks of it.</summary>
internal sealed class Node
{
    private readonly double[] _sums = new double[Board.Columns], _priors = new double[Board.Columns];

    public Node[]? Children { get; private set; }

    public int[] Visits { get; } = new int[Board.Columns];

    /// <returns>The value of the position.</returns>
    public double Open(ReadOnlySpan<float> seen, Board board)
    {
        Children = [.. Enumerable.Range(0, Board.Columns).Select(_ => new Node())];
        double sum = 0;
        for (int move = 0; move < Board.Columns; move++)
            sum += _priors[move] = board.IsLegal(move) ? Math.Exp(seen[move]) : 0;

        for (int move = 0; move < Board.Columns; move++)
            _priors[move] /= sum;

        return seen[Board.Columns];
    }

    public void Add(int move, double outcome)
    {
        Visits[move]++;
        _sums[move] += outcome;
    }

    public int Best()
    {
        double all = Math.Sqrt(1 + Visits.Sum());
        int best = -1;
        double highest = double.NegativeInfinity;
        for (int move = 0; move < Board.Columns; move++)
        {
            double mean = Visits[move] == 0 ? 0 : _sums[move] / Visits[move], bound = mean + 1.5 * _priors[move] * all / (1 + Visits[move]);
            if (_priors[move] > 0 && bound > highest)
                (best, highest) = (move, bound);
        }

        return best;
    }
}

/// <summary>A position to learn from: where the search has looked, and how the game ended for who was to move.</summary>
internal sealed record Position(float[] Input, float[] Visits, double Outcome);

/// <summary>A game under way, with what it has seen.</summary>
internal sealed class Game(int seed)
{
    private readonly Random _random = new(seed);
    private readonly List<(float[] Input, float[] Visits)> _seen = [];

    public Board Board { get; private set; }

    /// <summary>Moves as the search has looked: at first at random by how often, later where it has looked most.</summary>
    public void Move(int[] visits)
    {
        float all = visits.Sum();
        _seen.Add((Board.ToInput(), [.. visits.Select(count => count / all)]));
        int move = Array.IndexOf(visits, visits.Max());
        if (Board.Moves < 8)
        {
            int at = _random.Next((int)all);
            for (move = 0; at >= visits[move]; move++)
                at -= visits[move];
        }

        Board = Board.After(move);
    }

    // Who has moved last has won, if anybody has.
    public IEnumerable<Position> Positions() => _seen.Select((seen, i) =>
        new Position(seen.Input, seen.Visits, Board.IsWon ? ((_seen.Count - i) % 2 == 1 ? 1 : -1) : 0));
}
