using System.Runtime.CompilerServices;
using System.Text;
using BlasNet.Ranks;

namespace BlasNet.Mpi;

/// <summary>The processes that mpiexec started together.</summary>
/// <remarks>While a rank waits for others it leaves the processor to whoever needs it, and looks from time to time whether those on its own machine are still
/// alive.</remarks>
public sealed unsafe class MpiCommunicator : Communicator, IDisposable
{
    private const int RequestBytes = 16, StatusBytes = 128;   // more than any library's

    private readonly MpiFunctions _functions;
    private readonly MpiInterface _binary;
    private readonly Peers _peers;
    private readonly int[] _displacements, _receivedDisplacements;
    private int _isInUse;
    private bool _hasEnded;

    internal MpiCommunicator(MpiLibrary library)
        : this(library.Functions!, library.Binary!, Start(library))
    {
    }

    private MpiCommunicator(MpiFunctions functions, MpiInterface binary, (int Rank, int Size) place)
        : base(place.Rank, place.Size)
    {
        (_functions, _binary) = (functions, binary);
        (_displacements, _receivedDisplacements) = (new int[Size], new int[Size]);
        _peers = Peers.Alone(Rank, Size);
        _peers = MeetPeers();
    }

    /// <inheritdoc/>
    public override string NameOf(int rank) => _peers.NameOf(rank);

    /// <inheritdoc/>
    public override void AllGather(ReadOnlySpan<byte> mine, Span<byte> all, ReadOnlySpan<int> lengths)
    {
        Enter();
        try
        {
            int total = Displace(lengths, _displacements);
            Require(mine.Length == lengths[Rank] && all.Length == total);
            nint* request = stackalloc nint[RequestBytes / sizeof(nint)];
            fixed (byte* sent = mine, received = all)
            fixed (int* counts = lengths, displacements = _displacements)
            {
                Check(_functions.IAllGatherV(sent, mine.Length, _binary.Byte, received, counts, displacements, _binary.Byte, _binary.World, request));
                Wait(request);
            }
        }
        finally
        {
            Exit();
        }
    }

    /// <inheritdoc/>
    public override void AllToAll(ReadOnlySpan<byte> mine, ReadOnlySpan<int> lengths, Span<byte> received, ReadOnlySpan<int> receivedLengths)
    {
        Enter();
        try
        {
            Require(mine.Length == Displace(lengths, _displacements) && received.Length == Displace(receivedLengths, _receivedDisplacements));
            nint* request = stackalloc nint[RequestBytes / sizeof(nint)];
            fixed (byte* sent = mine, got = received)
            fixed (int* counts = lengths, displacements = _displacements, gotCounts = receivedLengths, gotDisplacements = _receivedDisplacements)
            {
                Check(_functions.IAllToAllV(sent, counts, displacements, _binary.Byte, got, gotCounts, gotDisplacements, _binary.Byte, _binary.World, request));
                Wait(request);
            }
        }
        finally
        {
            Exit();
        }
    }

    /// <summary>Ends all processes at once, wherever they are, this one too.</summary>
    /// <param name="exitCode">What mpiexec is to return.</param>
    public void Abort(int exitCode)
    {
        _hasEnded = true;
        _functions.Abort(_binary.World, exitCode);
    }

    /// <summary>Leaves the others, once all ranks do. Without it, MPI ends with the process.</summary>
    public void Dispose() => End(exitCode: 0);

    /// <summary>Leaves the others, if they leave too: for a process that failed, and does not know whether they did.</summary>
    /// <param name="longest">How long to wait for them.</param>
    /// <returns>Whether they have.</returns>
    public bool TryLeave(TimeSpan longest)
    {
        if (_hasEnded)
            return true;

        _hasEnded = true;
        var leaving = new Thread(() => _functions.Finish()) { IsBackground = true };
        leaving.Start();
        return leaving.Join(longest);
    }

    /// <summary>A process that fails takes the others with it: they would wait for it forever.</summary>
    internal void End(int exitCode)
    {
        if (_hasEnded)
            return;

        if (exitCode != 0)
        {
            Abort(exitCode);
            return;
        }

        _hasEnded = true;
        _functions.Finish();
    }

    private static (int Rank, int Size) Start(MpiLibrary library)
    {
        (MpiFunctions functions, MpiInterface binary) = (library.Functions!, library.Binary!);
        int isInitialized = 0, provided, rank, size;
        functions.Initialized(&isInitialized);
        if (isInitialized == 0 && functions.InitThread(null, null, binary.ThreadSerialized, &provided) != 0)
            throw new MpiException($"MPI cannot be started: MPI_Init_thread of {library.File} ({library.Version}) has failed.");

        if (binary.ErrorsReturn != 0)
            functions.CommSetErrorHandler(binary.World, binary.ErrorsReturn);

        functions.CommRank(binary.World, &rank);
        functions.CommSize(binary.World, &size);
        if (size == 1 && MpiLauncher.Find(Environment.GetEnvironmentVariable) is { Size: > 1 } launcher)
        {
            throw new MpiException($"{launcher.Name} has started {launcher.Size} processes, but {library.File} ({library.Version}) sees one: "
                + $"it is of another MPI. Use the mpiexec that belongs to it, or set {MpiLibrary.FileVariable} to the library that belongs to this mpiexec.");
        }

        return (rank, size);
    }

    private Peers MeetPeers()
    {
        byte[] mine = Encoding.UTF8.GetBytes(Peers.Self);
        var lengths = new int[Size];
        var sizes = new byte[Size * sizeof(int)];
        Array.Fill(lengths, sizeof(int));
        AllGather(BitConverter.GetBytes(mine.Length), sizes, lengths);
        for (int rank = 0; rank < Size; rank++)
            lengths[rank] = BitConverter.ToInt32(sizes, rank * sizeof(int));

        var texts = new byte[lengths.Sum()];
        AllGather(mine, texts, lengths);
        return Peers.Of(Rank, [.. lengths.Select((length, rank) => Encoding.UTF8.GetString(texts, _displacements[rank], length))]);
    }

    // Progress is made by asking. Who waits long asks less often: another process may need the processor.
    private void Wait(nint* request)
    {
        byte* status = stackalloc byte[StatusBytes];
        var patience = new Patience();
        for (int isDone = 0; ;)
        {
            Check(_functions.Test(request, &isDone, status));
            if (isDone != 0)
                return;

            if (patience.Wait())
                _peers.RequireAlive();
            else if (patience.IsLong && WorkMeanwhile())
                patience = new Patience();
        }
    }

    private void Check(int code)
    {
        if (code == 0)
            return;

        _peers.RequireAlive();
        byte* text = stackalloc byte[8192];
        int length = 0;
        _functions.ErrorString(code, text, &length);
        throw new MpiException($"MPI has failed: {Encoding.UTF8.GetString(text, Math.Clamp(length, 0, 8192)).Trim('\0', '\n', ' ')}");
    }

    private static int Displace(ReadOnlySpan<int> lengths, int[] displacements)
    {
        int total = 0;
        for (int rank = 0; rank < displacements.Length; rank++)
        {
            displacements[rank] = total;
            total = checked(total + lengths[rank]);
        }

        return total;
    }

    private static void Require(bool fits, [CallerMemberName] string call = "")
    {
        if (!fits)
            throw new ArgumentException($"{call}: the lengths do not fit the buffers.");
    }

    private void Enter()
    {
        ObjectDisposedException.ThrowIf(_hasEnded, this);
        if (Interlocked.Exchange(ref _isInUse, 1) != 0)
            throw new InvalidOperationException("The communicator is in use: one thread at a time exchanges with other ranks.");
    }

    private void Exit() => Volatile.Write(ref _isInUse, 0);
}
