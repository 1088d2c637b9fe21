using BlasNet.Graphs;

namespace BlasNet.Planning;

/// <content>Plans: each kernel finds its operands where the plan says, and writes where nothing is that is still needed.</content>
internal static partial class Verify
{
    /// <exception cref="InvalidOperationException">Two values that are needed at once overlap, a value is needed that is not computed, or a kernel writes
    /// where its placement makes no sense.</exception>
    public static void Run(Plan plan, ReadOnlySpan<int> outputs)
    {
        var memory = new PlanMemory(plan);
        foreach (int node in plan.Order)
        {
            foreach (int input in plan.Graph.InputsOf(node))
                memory.CheckReadable(node, input);

            ResultRange results = plan.Graph.ResultsOf(node);
            for (int result = results.First; result < results.End; result++)
            {
                if (results.Count == 1 || plan[result].Space != Space.None)
                    memory.Write(node, result);
            }
        }

        foreach (int output in outputs)
            memory.CheckReadable(output, output);
    }

    /// <summary>What lies where while a plan runs.</summary>
    private sealed class PlanMemory(Plan plan)
    {
        private readonly Graph _graph = plan.Graph;
        private readonly Dictionary<long, int> _owners = [];   // of each element of the arena, the node whose buffer it is part of now
        private readonly HashSet<int> _written = [];           // buffers

        public void CheckReadable(int reader, int node)
        {
            Placement value = plan[node];
            if (value.IsIndexed)
            {
                foreach (int input in _graph.InputsOf(node))
                    CheckReadable(reader, input);

                return;
            }

            if (value.Space is Space.Parameters or Space.Data)
                return;

            // The gradient buffer holds the sum over all microbatches. A sum there finds its terms added already.
            bool isInSum = value.IsTerm && value.Buffer == reader;
            Require(value.Space != Space.Gradients || isInSum, _graph, reader, $"reads %{node} from the gradient buffer");
            Require(value.Space != Space.None && _written.Contains(value.Buffer), _graph, reader, $"reads %{node} before it is computed");
            if (value.Space == Space.Arena)
                Require(Owns(node), _graph, reader, $"reads %{node} outside its place, or after that has been used again");
        }

        public void Write(int node, int result)
        {
            Placement value = plan[result];
            Require(value.Space != Space.None, _graph, result, "is computed but has no place");
            CheckDestination(result);
            CheckBeta(result);
            CheckInPlace(node, result);
            if (value.Space == Space.Arena)
            {
                for (long i = 0; i < _graph.LengthOf(value.Buffer); i++)
                    _owners[plan[value.Buffer].Offset + i] = value.Buffer;
            }

            _written.Add(value.Buffer);
        }

        private bool Owns(int node)
        {
            int buffer = plan[node].Buffer;
            for (long i = 0, start = plan.OffsetOf(node); i < _graph.LengthOf(node); i++)
            {
                if (!_owners.TryGetValue(start + i, out int there) || there != buffer)
                    return false;
            }

            return true;
        }

        private void CheckDestination(int node)
        {
            Placement value = plan[node];
            int buffer = value.Buffer;
            bool isRight = value.Destination switch
            {
                Destination.Own => buffer == node,
                Destination.Slice => _graph.InputsOf(buffer).IndexOf(node) is >= 0 and var input
                    && _graph.MovesOf(buffer).Contains(new Move(input, 0, (int)value.Offset, _graph.LengthOf(node))),
                Destination.Sum or Destination.Columns => value.Offset == 0 && _graph.LengthOf(buffer) == _graph.LengthOf(node)
                    && _graph.InputsOf(buffer).Contains(node),
                _ => false,
            };
            Require(isRight, _graph, node, $"is computed into the wrong place of %{buffer}");
            Require(plan[buffer].Buffer == buffer, _graph, node, $"lies in %{buffer}, which has no buffer of its own");
            Require(value.Space == plan[buffer].Space, _graph, node, $"is not in the space of %{buffer}");
        }

        private void CheckBeta(int node)
        {
            Placement value = plan[node];
            if (value.Destination is Destination.Slice or Destination.Columns)
                return;

            bool isWritten = _written.Contains(value.Buffer);
            Require(value.Beta != Beta.One || isWritten, _graph, node, "adds to what nothing has written");
            Require(value.Beta == Beta.One || !isWritten, _graph, node, "overwrites what has been added before");
            Require(value.Beta != Beta.ZeroThenOne || value.Space == Space.Gradients, _graph, node, "adds in later microbatches, but is no gradient");
        }

        // A kernel that overwrites an operand has it exactly there, whole, and reads it element by element.
        private void CheckInPlace(int node, int result)
        {
            if (plan[result].Space != Space.Arena)
                return;

            (long start, long end) = (plan.OffsetOf(result), plan.OffsetOf(result) + _graph.LengthOf(result));
            foreach (int input in _graph.InputsOf(node))
            {
                if (plan[input].Space != Space.Arena || plan[input].IsIndexed || plan[input].IsTerm)
                    continue;

                (long from, long to) = (plan.OffsetOf(input), plan.OffsetOf(input) + _graph.LengthOf(input));
                bool isApart = to <= start || end <= from;
                bool isInPlace = from == start && to == end && _graph.OperatorOf(node).Storage == Storage.InPlace;
                Require(isApart || isInPlace, _graph, node, $"overwrites %{input} while it reads it");
            }
        }
    }
}
