using BlasNet.Fuzz;
using SharpFuzz;

switch (args)
{
    // Counts branches for AFL; the files must not be those that this process runs.
    case ["instrument", .. var assemblies]:
        foreach (string assembly in assemblies)
            Fuzzer.Instrument(assembly, static _ => true, Options.Value);

        return 0;

    case ["list"]:
        foreach (string name in FuzzTargets.All.Keys)
            Console.WriteLine(name);

        return 0;

    case ["run", var reader] when FuzzTargets.All.TryGetValue(reader, out Action<byte[]>? target):
        Fuzzer.OutOfProcess.Run(stream =>
        {
            using var bytes = new MemoryStream();
            stream.CopyTo(bytes);
            target(bytes.ToArray());
        });
        return 0;

    default:
        Console.Error.WriteLine($"Usage: instrument ASSEMBLY... | list | run {string.Join('|', FuzzTargets.All.Keys)}");
        return 2;
}
