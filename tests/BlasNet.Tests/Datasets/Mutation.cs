using System.Runtime.InteropServices;
using BlasNet.Datasets;

namespace BlasNet.Tests.Datasets;

/// <summary>Files damaged in one to three bytes.</summary>
internal static class Mutation
{
    /// <summary>Reads many damaged copies; each must give one item or more, or be refused with a <see cref="DataFormatException"/> that names the file.</summary>
    /// <returns>How many were refused.</returns>
    public static int Refused(TemporaryFolder folder, byte[] good, Func<string, int> read, int rounds = 1500)
    {
        var random = new Random(1);
        int refused = 0;

        for (int round = 0; round < rounds; round++)
        {
            List<byte> bytes = [.. good];

            for (int change = random.Next(1, 4); change > 0; change--)
            {
                int at = random.Next(bytes.Count);

                switch (random.Next(5))
                {
                    case 0: bytes[at] = (byte)random.Next(256); break;
                    case 1: bytes[at] ^= (byte)(1 << random.Next(8)); break;
                    case 2: bytes.Insert(at, (byte)random.Next(256)); break;
                    case 3: bytes[at] = bytes[random.Next(bytes.Count)]; break;
                    default: bytes.RemoveAt(at); break;
                }
            }

            string path = folder.Write("damaged", CollectionsMarshal.AsSpan(bytes));

            try
            {
                Assert.InRange(read(path), 1, bytes.Count);
            }
            catch (DataFormatException error)
            {
                Assert.StartsWith(path, error.Message, StringComparison.Ordinal);
                refused++;
            }
        }

        return refused;
    }
}
