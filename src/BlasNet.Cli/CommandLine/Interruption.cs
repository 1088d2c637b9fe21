using System.Runtime.InteropServices;

namespace BlasNet.Cli.CommandLine;

/// <summary>Ctrl-C, or the request of a service manager to end: commands finish the step they are in. A second one ends the process at once.</summary>
internal sealed class Interruption : IDisposable
{
    private const int SigInt = 2, SigTerm = 15;

    private readonly CancellationTokenSource _source = new();
    private readonly PosixSignalRegistration[] _registrations;

    public Interruption() =>
        _registrations = [Register(PosixSignal.SIGINT, SigInt), Register(PosixSignal.SIGTERM, SigTerm)];

    public CancellationToken Token => _source.Token;

    /// <summary>128 + the number of the signal that came.</summary>
    public int ExitCode { get; private set; } = ExitCodes.Interrupted;

    public void Dispose()
    {
        foreach (PosixSignalRegistration registration in _registrations)
            registration.Dispose();

        _source.Dispose();
    }

    private PosixSignalRegistration Register(PosixSignal signal, int number) => PosixSignalRegistration.Create(signal, context =>
    {
        context.Cancel = !_source.IsCancellationRequested;
        ExitCode = 128 + number;
        _source.Cancel();
    });
}
